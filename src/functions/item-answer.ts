import type { Context } from "../commands/context.js";
import type { ItemDetail, ItemView } from "../commands/items.js";
import type { ConfigurationServer } from "../domain/worlds/topology.js";
import { type EstateTimes, estateTimesOf } from "./estate-times.js";

/** An item with both times of its moments. */
export async function itemAnswer(context: Context, item: ItemDetail) {
  const times = await estateTimesOf(context, item.worldId);
  return { body: { ...viewIn(times, item), clock: times.clock } };
}

export function viewIn<V extends ItemView>(times: EstateTimes, view: V) {
  const { replication } = view.live;
  const live = {
    ...view.live,
    replication: { ...replication, newestPoint: times.pointOrNone(replication.newestPoint) },
  };
  return { ...times.item(view), live };
}

/** A configuration server without its secret. */
export function serverIn(times: EstateTimes, { passphraseHash: _secret, backup, ...server }: ConfigurationServer) {
  if (backup === undefined) return server;
  const { takenAt } = backup;
  return { ...server, backup: { ...backup, takenAt: times.real(takenAt), emulatedTakenAt: takenAt } };
}
