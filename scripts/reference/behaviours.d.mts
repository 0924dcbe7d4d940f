/** One behaviour that a user can see; `notShown` says why no test shows it yet. */
export interface Behaviour {
  id: string;
  system: string;
  says: string;
  notShown?: string;
}

export interface BehaviourTest {
  file: string;
  title: string;
  ids: string[];
  asserts: boolean;
}

export interface Behaviours {
  behaviours: Behaviour[];
  tests: BehaviourTest[];
}

export function readBehaviours(): Behaviours;
export function testsIn(file: string, text: string): BehaviourTest[];
export function behaviourProblems(found: Behaviours): string[];
export function notShown(found: Behaviours): Behaviour[];
export function behavioursPage(found: Behaviours): string;
