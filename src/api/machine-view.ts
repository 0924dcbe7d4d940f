import { z } from "zod";
import { Id } from "../domain/text.js";
import { Machine } from "../domain/worlds/world.js";

/** The machine of an item: what the check against the limits of Azure reads (P3). */
export const machineView = Machine.pick({
  id: true,
  name: true,
  form: true,
  osFamily: true,
  os: true,
  cpus: true,
  memoryMb: true,
  boot: true,
  nics: true,
}).extend({
  disks: z.array(
    Machine.shape.disks.element.extend({
      role: z.enum(["os", "data"]),
      protected: z.boolean().describe("false for a disk that was added after protection; no recovery point holds it"),
    }),
  ),
  hostId: Id.nullable(),
  datastoreId: Id.nullable(),
});
