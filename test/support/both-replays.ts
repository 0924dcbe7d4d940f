import { afterEach, describe, test } from "vitest";
import { Stage } from "./virtual-app.js";

/** Tells a scenario twice: as the engine runs it, and with a replay and a comparison at every step. */
export function scenario(title: string, tell: (stage: Stage) => Promise<void>): void {
  describe(title, () => {
    let stage: Stage;
    afterEach(() => stage.close());
    for (const replay of ["normal", "every-step"] as const) {
      test(`${replay} replay`, async () => {
        stage = await Stage.open({ replay });
        await stage.loadShop();
        await tell(stage);
      });
    }
  });
}
