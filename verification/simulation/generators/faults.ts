import { type Boundary, CORRUPTIBLE_ROWS, HUB_ROWS, type Remedy, type RowKind, type StoreFault } from "../evidence.js";
import type { Random } from "../random.js";
import { seedLabel } from "../seed-labels.js";

/** A fault at the `nth` call of a boundary. Each has an id, so that shrinking can leave it out. */
export type Fault =
  /** The host dies before or after the call took effect, and another one starts after a pause. */
  | { id: string; kind: "crash"; at: Boundary; nth: number; after: boolean; pauseMs: number; inFlight: number }
  /** The host stalls, loses its hub to another one, continues for a while and only then notices. */
  | { id: string; kind: "overlap"; at: Boundary; nth: number; forMs: number }
  | { id: string; kind: "store-fault"; at: Boundary; nth: number; what: StoreFault; forMs: number }
  | { id: string; kind: "activity"; at: "activity"; nth: number; what: ActivityFault; byMs: number }
  | { id: string; kind: "clock-jump"; at: Boundary; nth: number; skewMs: number }
  /** A stored row becomes unreadable, until somebody repairs it or terminates its instance. */
  | { id: string; kind: "row-corruption"; at: Boundary; nth: number; what: RowKind; forMs: number; remedy: Remedy };

export type FaultOf<K extends Fault["kind"]> = Extract<Fault, { kind: K }>;

type ActivityFault = "twice" | "twice-together" | "late" | "lost";

/** The number of calls at a boundary that a run may see. Faults are spread over them, more densely at the start. */
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

/** Further boundaries of the hub at which the store may fail. They draw from a generator of their own. */
const HUB_FAULTS: Partial<Record<Boundary, number>> = { "instance-update": 3, "history-read": 3, "inbox-delete": 2 };

const nthOf = (random: Random, at: Boundary): number => random.skewed(1, CALLS[at]);

function crash(random: Random, id: string): Fault {
  const at = random.weighted(CRASHES);
  const after = random.chance(0.5);
  const pauseMs = random.chance(0.2) ? 0 : random.skewed(100, 1_200_000);
  return { id, kind: "crash", at, nth: nthOf(random, at), after, pauseMs, inFlight: random.pick([0, 0.5, 1]) };
}

function storeFault(random: Random, id: string): Fault {
  const at = random.weighted(STORE_FAULTS);
  return storeFaultAt(at, random, id);
}

/** The hub's store refuses, or loses its answer, when the host reads it, deletes messages or updates an instance. */
function hubFault(random: Random, id: string): Fault {
  return storeFaultAt(random.weighted(HUB_FAULTS), random, id);
}

function storeFaultAt(at: Boundary, random: Random, id: string): Fault {
  const isRead = at === "table-read" || at === "history-read";
  const what = random.weighted<StoreFault>({
    throttled: 2,
    unavailable: 2,
    "timeout-before": 1,
    "timeout-after": isRead ? 0 : 3,
    conflict: at === "table-write" ? 3 : 0,
  });
  return { id, kind: "store-fault", at, nth: nthOf(random, at), what, forMs: random.skewed(50, 30_000) };
}

function corruption(random: Random, id: string): Fault {
  const what = random.pick(CORRUPTIBLE_ROWS);
  const ofHub = HUB_ROWS.has(what);
  const at = what === "message" ? "inbox-append" : ofHub ? "history-commit" : "table-write";
  const remedy = ofHub && random.chance(0.3) ? "terminate" : "repair";
  return {
    id,
    kind: "row-corruption",
    at,
    nth: nthOf(random, at),
    what,
    forMs: random.skewed(5_000, 14_400_000),
    remedy,
  };
}

function overlap(random: Random, id: string): Fault {
  const at = random.pick<Boundary>(["history-commit", "activity", "operation", "table-write"]);
  return { id, kind: "overlap", at, nth: nthOf(random, at), forMs: random.skewed(1_000, 900_000) };
}

function activityFault(random: Random, id: string): Fault {
  const what = random.pick<ActivityFault>(["twice", "twice-together", "late", "lost"]);
  return {
    id,
    kind: "activity",
    at: "activity",
    nth: nthOf(random, "activity"),
    what,
    byMs: random.skewed(100, 3_600_000),
  };
}

function clockJump(random: Random, id: string): Fault {
  const at = random.pick<Boundary>(["history-commit", "activity", "request"]);
  const skewMs = random.pick([-1, 1]) * random.skewed(1_000, 5_400_000);
  return { id, kind: "clock-jump", at, nth: nthOf(random, at), skewMs };
}

const MAKERS = { crash, store: storeFault, overlap, activity: activityFault, clock: clockJump };
type Maker = keyof typeof MAKERS;

/** The maximum number of faults of each kind, by intensity. */
const INTENSITY: Record<string, Record<Maker, number>> = {
  none: { crash: 0, store: 0, overlap: 0, activity: 0, clock: 0 },
  light: { crash: 2, store: 2, overlap: 0, activity: 2, clock: 0 },
  heavy: { crash: 6, store: 8, overlap: 1, activity: 6, clock: 1 },
  extreme: { crash: 14, store: 20, overlap: 3, activity: 14, clock: 3 },
};

/** Generates all faults of a run. */
export function generateFaults(random: Random): Fault[] {
  const intensity = random.weighted({ none: 1, light: 3, heavy: 4, extreme: 2 });
  const maxima = INTENSITY[intensity] as Record<Maker, number>;
  const drawn = (Object.keys(MAKERS) as Maker[]).flatMap((maker) =>
    several(random, maker, random.int(0, maxima[maker]), MAKERS[maker]),
  );
  const [hub, corrupted] = [random.fork("hub"), random.fork(seedLabel("row-corruption"))];
  return [
    ...drawn,
    ...several(hub, "hub", hub.weighted({ 0: 6, 1: 1, 4: 2, 10: 1 }), hubFault),
    ...several(corrupted, "row-corruption", corrupted.weighted({ 0: 7, 1: 2, 3: 1 }), corruption),
  ];
}

/** Faults of the machinery that nobody should notice afterwards, for a run that is compared with the undisturbed one. */
export const generatePassingFaults = (random: Random): Fault[] => [
  ...several(random, "crash", random.int(1, 3), crash),
  ...several(random, "store", random.int(1, 4), storeFault),
  ...several(random, "activity", random.int(1, 4), activityFault),
];

const several = (random: Random, kind: string, count: number | string, make: (random: Random, id: string) => Fault) =>
  Array.from({ length: Number(count) }, (_, index) =>
    make(random.fork(seedLabel(`${kind}/${index}`)), `${kind}/${index}`),
  );
