import { expect, test } from "vitest";
import { RecoveryError } from "../../../src/domain/errors.js";
import { UndoStack } from "../../../src/durable/undo.js";

test("undoing goes from last to first, and one that fails is named and stops no other", () => {
  const undone: string[] = [];
  const stack = new UndoStack();
  for (const step of ["network", "copies", "sources"]) {
    stack.register(step, function* () {
      undone.push(step);
      if (step === "copies") throw new RecoveryError("undo-failed", "stuck");
    });
  }
  const unwinding = stack.unwind().next();
  expect(undone).toEqual(["sources", "copies", "network"]);
  expect(unwinding).toEqual({
    done: true,
    value: [
      { step: "sources" },
      { step: "copies", failure: { code: "undo-failed", message: "stuck" } },
      { step: "network" },
    ],
  });
  expect(stack.unwind().next().value).toEqual([]);
});
