import { undisturbed, wrongAt } from "./explore.js";
import { JOURNEYS } from "./journeys.js";

/** Stops the host at every point of every journey, and says what is wrong. */
async function main(): Promise<void> {
  let tried = 0;
  let failed = 0;
  for (const journey of JOURNEYS) {
    const run = await undisturbed(journey);
    let wrongHere = 0;
    for (const point of run.points) {
      const wrong = await wrongAt(point, run);
      for (const one of wrong) console.log(one);
      wrongHere += wrong.length > 0 ? 1 : 0;
    }
    tried += run.points.length;
    failed += wrongHere;
    console.log(`${journey.verb} of ${journey.scenario}: ${run.points.length} crash points, ${wrongHere} wrong`);
  }
  console.log(`${tried} crash points, ${failed} wrong`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
