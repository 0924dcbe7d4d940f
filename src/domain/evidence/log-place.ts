import { z } from "zod";

/** Where a record of the log is. Places are ordered by period and number. */
export const LogPlace = z.strictObject({ period: z.string().regex(/^\d{4}-\d{2}$/), seq: z.int().min(0) });
export type LogPlace = z.infer<typeof LogPlace>;
