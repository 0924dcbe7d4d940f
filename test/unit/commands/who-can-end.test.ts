import { expect, test } from "vitest";
import { requireRight } from "../../../src/commands/authorise.js";
import { whoCanAnswer } from "../../../src/commands/who-can-end.js";
import { Role } from "../../../src/domain/access/roles.js";
import { Verb } from "../../../src/domain/vocabulary.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock } from "../../support/worlds.js";

test("the roles that are named for a verb are those that the check of its routes lets through", async () => {
  const services = servicesOver(createMemoryTables(), new ManualClock());
  for (const verb of Verb.options) {
    const letThrough = await Promise.all(
      Role.options.map(async (role) => {
        const caller = { person: "Ann", credential: "token" as const, grants: [{ role }] };
        const check = requireRight(services, caller, "of-the-verb", { verb });
        return check.then(
          () => [role],
          () => [],
        );
      }),
    );
    expect(whoCanAnswer(verb)).toMatchObject({ roles: letThrough.flat(), needed: 1, people: [] });
    expect(whoCanAnswer(verb).roles).toContain("executor");
  }
});
