import { z } from "zod";
import { Id, Instant, Name } from "../text.js";

/** What people can do with an execution that runs, beside answering what it asks and cancelling it. */
export const SteeringAction = z.enum(["pause", "resume", "retry", "skip", "edit", "switch-to-unplanned", "extend"]);
export type SteeringAction = z.infer<typeof SteeringAction>;

/** The id of a step in the tree of an execution. */
export const StepId = z.string().min(1).max(300);

/** The most that an execution is steered. A resume and a switch are taken even then. */
export const MAX_STEERING = 200;

/** What only ends the effect of an earlier act is taken although the list is full. */
const ALWAYS_TAKEN: ReadonlySet<SteeringAction> = new Set(["resume", "switch-to-unplanned"]);

/** Whether a list has a place for one more act. */
export const hasPlaceFor = (action: SteeringAction, length: number): boolean =>
  length < MAX_STEERING || (ALWAYS_TAKEN.has(action) && length < MAX_STEERING + 3);

/** The longest that one request extends a wait. */
export const MAX_EXTEND_MINUTES = 43_200;

/** Who steered, why and when. */
const made = { person: Name, reason: z.string().max(2_000), at: Instant };

/** One act of steering, as the record of its execution keeps it. */
export const Steering = z.discriminatedUnion("action", [
  z.strictObject({ ...made, action: z.literal("pause") }),
  z.strictObject({ ...made, action: z.literal("resume") }),
  z.strictObject({
    ...made,
    action: z.literal("retry"),
    itemIds: z.array(Id).min(1).max(2_000),
    /** How often the execution had asked, or had been asked, to try again before. */
    asks: z.int().min(0),
  }),
  z.strictObject({ ...made, action: z.literal("skip"), stepIds: z.array(StepId).min(1).max(2_000) }),
  z.strictObject({ ...made, action: z.literal("edit"), planVersion: z.int().min(1), planHash: z.string() }),
  z.strictObject({ ...made, action: z.literal("switch-to-unplanned") }),
  z.strictObject({
    ...made,
    action: z.literal("extend"),
    stepId: StepId,
    minutes: z.int().min(1).max(MAX_EXTEND_MINUTES),
    /** The deadline that the person saw. Each deadline is extended once. */
    from: Instant,
  }),
]);
export type Steering = z.infer<typeof Steering>;
export type SteeringOf<A extends SteeringAction> = Extract<Steering, { action: A }>;
