import fc from "fast-check";
import { stringify } from "yaml";
import { change, changed, type Json, widened, widening } from "../mutate.js";
import { bomb, type Pieces, plain } from "../pieces.js";
import type { FuzzedProduct } from "../product.js";
import { SMALL_PLAN, SMALL_WORLD } from "../small-estate.js";
import type { Target } from "../target.js";
import { edit, edited } from "../text-edits.js";

interface Format {
  contentType: string;
  write(value: Json): string;
}

const JSON_TEXT: Format = { contentType: "application/json", write: (value) => JSON.stringify(value) };
const YAML_TEXT: Format = {
  contentType: "application/yaml",
  write: (value) => stringify(value, { aliasDuplicateObjects: false }),
};

/** Bodies: a valid document with changes in its structure and then in its text, or something huge. */
function bodies(document: Json, { write }: Format, bombs: number): fc.Arbitrary<Pieces> {
  const corruptedRows = fc
    .tuple(
      fc.array(change, { maxLength: 4 }),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(edit, { maxLength: 3 })),
    )
    .map(([changes, edits]) => plain(edited(write(changed(document, changes)), edits)));
  const wide = widening.map((how) => plain(write(widened(document, how))));
  return fc.oneof(
    { weight: 1_000, arbitrary: corruptedRows },
    { weight: bombs, arbitrary: bomb },
    { weight: bombs, arbitrary: wide },
  );
}

export function documentTargets(product: FuzzedProduct): Target<Pieces>[] {
  const plan = (format: Format) => (body: Pieces) =>
    product.feed({
      route: "save-plan",
      params: { planId: "p" },
      headers: { "content-type": format.contentType, "if-match": "{etag}" },
      body,
    });
  const world = (format: Format) => (body: Pieces) =>
    product.feed({
      route: "import-world",
      params: { worldId: "w" },
      headers: { "content-type": format.contentType },
      body,
    });
  const settle = () => product.settle();
  const documents = { plan: SMALL_PLAN as Json, world: SMALL_WORLD as unknown as Json };
  return [
    { name: "plan-json", share: 60_000, inputs: bodies(documents.plan, JSON_TEXT, 10), feed: plan(JSON_TEXT), settle },
    { name: "plan-yaml", share: 12_000, inputs: bodies(documents.plan, YAML_TEXT, 15), feed: plan(YAML_TEXT), settle },
    {
      name: "world-json",
      share: 40_000,
      inputs: bodies(documents.world, JSON_TEXT, 10),
      feed: world(JSON_TEXT),
      settle,
    },
    {
      name: "world-yaml",
      share: 7_000,
      inputs: bodies(documents.world, YAML_TEXT, 15),
      feed: world(YAML_TEXT),
      settle,
    },
  ];
}
