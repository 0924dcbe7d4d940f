import type { Step } from "../src/domain/execution.js";
import type { StepStatus } from "../src/domain/vocabulary.js";

const MARKS: Readonly<Record<StepStatus, string>> = {
  waiting: "·",
  running: "▸",
  "awaiting-input": "?",
  succeeded: "✔",
  "succeeded-with-failures": "!",
  failed: "✖",
  skipped: "-",
  "already-done": "=",
  cancelled: "✖",
};

/** The output of the view. A terminal is redrawn in place; anything else gets a line for each change. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly rows: number;
  readonly columns: number;
  write(text: string): void;
}

/** Shows the steps of an execution while it runs. */
export class StepView {
  readonly #screen: Screen;
  #drawn = 0;
  readonly #shown = new Map<string, StepStatus>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  show(steps: readonly Step[]): void {
    if (this.#screen.isTerminal) this.#redraw(steps);
    else this.#writeChanges(steps, 0);
  }

  #redraw(steps: readonly Step[]): void {
    const lines = steps
      .flatMap((step) => linesOf(step))
      .slice(-(this.#screen.rows - 2))
      .map((line) => fitting(line, this.#screen.columns));
    const back = this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[J` : "";
    this.#screen.write(`${back}${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  #writeChanges(steps: readonly Step[], depth: number): void {
    for (const step of steps) {
      if (this.#shown.get(step.id) !== step.status && step.status !== "waiting") {
        this.#shown.set(step.id, step.status);
        this.#screen.write(`${lineOf(step, depth)}\n`);
      }
      if (depth === 0) this.#writeChanges(step.children ?? [], 1);
    }
  }
}

/** Redrawing counts rows, so no line may wrap. */
function fitting(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, columns - 2)}…`;
}

/** A step and its items. A step that succeeded needs one line. */
function linesOf(step: Step): string[] {
  const folded = step.status === "succeeded" || step.status === "waiting";
  const items = folded ? [] : (step.children ?? []);
  return [lineOf(step, 0), ...items.map((item) => lineOf(item, 1))];
}

function lineOf(step: Step, depth: number): string {
  const current = step.children?.findLast(({ status }) => status === "running" || status === "failed");
  const count = depth === 0 && step.children ? ` (${step.children.length})` : "";
  const detail = step.error?.message ?? (depth === 1 ? current?.title : step.detail);
  const note = detail === undefined || (depth === 1 && step.status === "succeeded") ? "" : `  ${detail}`;
  return `${"    ".repeat(depth)}  ${MARKS[step.status]} ${step.title}${count}${note}`;
}
