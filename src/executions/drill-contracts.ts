import { z } from "zod";
import { Guid } from "../domain/text.js";
import { activityContract, orchestrationContract } from "../durable/contract.js";

const drillInput = z.object({ drillId: Guid });

/** The orchestration of a drill, under its id. */
export const drillContract = orchestrationContract({
  name: "drill",
  input: drillInput,
  output: z.object({ result: z.string() }),
});

/** Takes a drill as far as it can go now, and says when to look again; or that it has its verdict. */
export const advanceDrill = activityContract({
  name: "advance-drill",
  input: drillInput,
  output: z.discriminatedUnion("state", [
    z.object({ state: z.literal("waiting"), waitMs: z.number().min(0) }),
    z.object({ state: z.literal("ended"), result: z.string() }),
  ]),
  retry: "hypervisor-call",
});
export type DrillProgress = z.output<typeof advanceDrill.output>;
