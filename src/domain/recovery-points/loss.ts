import { toMs } from "../text.js";
import type { RecoveryPoint } from "./recovery-point-choice.js";

/**
 * The seconds of work that a start from a point loses: those between the point and the last write of the source. Previews
 * and measured losses both use it, so they agree. After the source was shut down or its replica was promoted, it writes
 * no more, so the loss of a point stays what it is.
 *
 * @param lastWriteAt null when the source wrote nothing
 */
export const lossSecondsOf = ({ time }: Pick<RecoveryPoint, "time">, lastWriteAt: string | null): number =>
  lastWriteAt === null ? 0 : Math.max(0, (toMs(lastWriteAt) - toMs(time)) / 1_000);
