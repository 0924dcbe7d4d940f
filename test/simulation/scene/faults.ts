import type { Boundary, StoreFault } from "../evidence.js";
import type { Random } from "../random.js";

/** Something that goes wrong at the `nth` call of a boundary. Each has an id, so that shrinking can leave it out. */
export type Mishap =
  /** The host dies before or after the call took effect, and another one starts after a pause. */
  | { id: string; kind: "crash"; at: Boundary; nth: number; after: boolean; pauseMs: number; inFlight: number }
  /** The host stalls, loses its hub to another one, goes on for a while and only then notices. */
  | { id: string; kind: "overlap"; at: Boundary; nth: number; forMs: number }
  | { id: string; kind: "store-fault"; at: Boundary; nth: number; what: StoreFault; forMs: number }
  | { id: string; kind: "activity"; at: "activity"; nth: number; what: ActivityMishap; byMs: number }
  | { id: string; kind: "clock-jump"; at: Boundary; nth: number; skewMs: number };

export type MishapOf<K extends Mishap["kind"]> = Extract<Mishap, { kind: K }>;

type ActivityMishap = "twice" | "twice-together" | "late" | "lost";

/** How many calls of a boundary a run may see: mishaps are spread over them, the early ones more densely. */
const CALLS: Record<Boundary, number> = {
  "table-read": 3_000,
  "table-write": 1_500,
  "history-read": 30,
  "history-commit": 600,
  "instance-create": 80,
  "instance-update": 150,
  "inbox-append": 25,
  "inbox-delete": 25,
  activity: 500,
  operation: 1_000,
  request: 60,
};

const CRASHES: Partial<Record<Boundary, number>> = {
  "table-read": 1,
  "table-write": 4,
  "history-read": 1,
  "history-commit": 5,
  "instance-create": 2,
  "instance-update": 1,
  "inbox-append": 2,
  "inbox-delete": 1,
  activity: 3,
  operation: 3,
  request: 2,
};

const STORE_FAULTS: Partial<Record<Boundary, number>> = {
  "table-read": 3,
  "table-write": 6,
  "history-commit": 3,
  "inbox-append": 1,
  "instance-create": 1,
};

const nthOf = (random: Random, at: Boundary): number => random.skewed(1, CALLS[at]);

function crash(random: Random, id: string): Mishap {
  const at = random.weighted(CRASHES);
  const after = random.chance(0.5);
  const pauseMs = random.chance(0.2) ? 0 : random.skewed(100, 1_200_000);
  return { id, kind: "crash", at, nth: nthOf(random, at), after, pauseMs, inFlight: random.pick([0, 0.5, 1]) };
}

function storeFault(random: Random, id: string): Mishap {
  const at = random.weighted(STORE_FAULTS);
  const isWrite = at === "table-write";
  const what = random.weighted<StoreFault>({
    throttled: 2,
    unavailable: 2,
    "timeout-before": 1,
    "timeout-after": at === "table-read" ? 0 : 3,
    conflict: isWrite ? 3 : 0,
  });
  return { id, kind: "store-fault", at, nth: nthOf(random, at), what, forMs: random.skewed(50, 30_000) };
}

function overlap(random: Random, id: string): Mishap {
  const at = random.pick<Boundary>(["history-commit", "activity", "operation", "table-write"]);
  return { id, kind: "overlap", at, nth: nthOf(random, at), forMs: random.skewed(1_000, 900_000) };
}

function activityMishap(random: Random, id: string): Mishap {
  const what = random.pick<ActivityMishap>(["twice", "twice-together", "late", "lost"]);
  return {
    id,
    kind: "activity",
    at: "activity",
    nth: nthOf(random, "activity"),
    what,
    byMs: random.skewed(100, 3_600_000),
  };
}

function clockJump(random: Random, id: string): Mishap {
  const at = random.pick<Boundary>(["history-commit", "activity", "request"]);
  const skewMs = random.pick([-1, 1]) * random.skewed(1_000, 5_400_000);
  return { id, kind: "clock-jump", at, nth: nthOf(random, at), skewMs };
}

const MAKERS = { crash, store: storeFault, overlap, activity: activityMishap, clock: clockJump };
type Maker = keyof typeof MAKERS;

/** How many of each kind a run gets at most, by how rough it is. */
const ROUGHNESS: Record<string, Record<Maker, number>> = {
  calm: { crash: 0, store: 0, overlap: 0, activity: 0, clock: 0 },
  gentle: { crash: 2, store: 2, overlap: 0, activity: 2, clock: 0 },
  rough: { crash: 6, store: 8, overlap: 1, activity: 6, clock: 1 },
  wild: { crash: 14, store: 20, overlap: 3, activity: 14, clock: 3 },
};

/** Everything that will go wrong with the machinery in a run. */
export function mishapsOf(random: Random): Mishap[] {
  const roughness = random.weighted({ calm: 1, gentle: 3, rough: 4, wild: 2 });
  const most = ROUGHNESS[roughness] as Record<Maker, number>;
  return (Object.keys(MAKERS) as Maker[]).flatMap((maker) =>
    Array.from({ length: random.int(0, most[maker]) }, (_, index) => {
      const id = `${maker}/${index}`;
      return MAKERS[maker](random.fork(id), id);
    }),
  );
}
