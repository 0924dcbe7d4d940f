import { beforeEach, describe, expect, test } from "vitest";
import type { Approval } from "../../src/domain/approvals/approval.js";
import type { Delegation } from "../../src/domain/approvals/delegation.js";
import type { Page, Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { smallApproval } from "../support/small-approval.js";

const PAGE = { limit: 100 };
const code = (name: string) => expect.objectContaining({ code: name });
const idOf = ({ content }: Approval): string => content.approvalId;
const idsOf = ({ entries }: Page<Approval>): string[] => entries.map(idOf).sort();

const delegation = (change: Partial<Delegation> = {}): Delegation => ({
  delegationId: "holidays",
  from: "ann",
  to: "carl",
  until: "2026-04-01T00:00:00.000Z",
  grants: [{ role: "approver" }],
  madeAt: "2026-03-02T09:00:00.000Z",
  ...change,
});

/** What every store must do with approvals and delegations, whatever tables it stands on. */
export function storeApprovalsSuite(name: string, open: () => Tables): void {
  describe(`approvals on ${name}`, () => {
    let store: Store;

    beforeEach(() => {
      store = createStore(open());
    });

    /** The lists that an approval is in. */
    async function listsOf(approval: Approval): Promise<string[]> {
      const lists = {
        newest: await store.listApprovals(PAGE),
        open: await store.listOpenApprovals(PAGE, approval.content.planId),
        overdue: await store.listOverdueApprovals(PAGE, "2026-03-09T00:00:00.000Z"),
        review: await store.listApprovalsToReview(PAGE),
        unheard: await store.listUnheardApprovals(PAGE),
      };
      return Object.entries(lists).flatMap(([list, page]) => (idsOf(page).includes(idOf(approval)) ? [list] : []));
    }

    /** Changes an approval as it is stored. */
    async function change(approval: Approval, to: Partial<Approval>): Promise<Approval> {
      const before = await store.getApproval(idOf(approval));
      if (before === null) throw new Error("it is not there");
      const after = { ...before.value, ...to };
      await store.updateApproval(before, after);
      return after;
    }

    test("of twenty equal asks at once one is recorded, and all answer it", async () => {
      const all = await Promise.all(Array.from({ length: 20 }, () => store.createApproval(smallApproval())));
      expect(all.filter(({ created }) => created)).toHaveLength(1);
      expect(all.map(({ approval }) => approval)).toEqual(all.map(() => smallApproval()));
      expect((await store.getApproval(idOf(smallApproval())))?.value).toEqual(smallApproval());
    });

    test("an approval is in the lists that fit its status, and leaves them with it", async () => {
      const approval = smallApproval();
      await store.createApproval(approval);
      expect(await listsOf(approval)).toEqual(["newest", "open", "overdue"]);
      const brokenGlass = { person: "zoe", reason: "fire", at: "2026-03-02T10:00:00.000Z" };
      await change(approval, { status: "approved", brokenGlass });
      expect(await listsOf(approval)).toEqual(["newest", "open", "overdue", "review", "unheard"]);
      await change(approval, { status: "used", heard: true });
      expect(await listsOf(approval)).toEqual(["newest", "review"]);
      await change(approval, { brokenGlass: { ...brokenGlass, reviewedBy: "ann", reviewedAt: brokenGlass.at } });
      expect(await listsOf(approval)).toEqual(["newest"]);
    });

    test("of two updates of the same state one is refused, and no list keeps what it would have changed", async () => {
      const approval = smallApproval();
      await store.createApproval(approval);
      const before = await store.getApproval(idOf(approval));
      if (before === null) throw new Error("it is not there");
      await store.updateApproval(before, { ...approval, status: "declined", heard: true });
      await expect(store.updateApproval(before, { ...approval, status: "approved" })).rejects.toEqual(
        code("etag-mismatch"),
      );
      expect(await listsOf(approval)).toEqual(["newest"]);
    });

    test("approvals are listed newest first, page by page, and open ones by their plan", async () => {
      const asked = (number: number, planId: string) =>
        smallApproval(number, { planId, requestedAt: `2026-03-02T09:00:0${number}.000Z` });
      const all = [asked(1, "plan"), asked(2, "plan.b"), asked(3, "other")];
      for (const approval of all) await store.createApproval(approval);
      const first = await store.listApprovals({ limit: 2 });
      const second = await store.listApprovals({ limit: 2, cursor: first.cursor ?? "" });
      expect([...first.entries, ...second.entries].map(idOf)).toEqual(all.toReversed().map(idOf));
      expect(second.cursor).toBeUndefined();
      expect((await store.listOpenApprovals(PAGE, "plan")).entries.map(idOf)).toEqual([idOf(asked(1, "plan"))]);
      expect(idsOf(await store.listOpenApprovals(PAGE))).toEqual(all.map(idOf).sort());
    });

    test("what is overdue is told by the moment", async () => {
      await store.createApproval(smallApproval());
      expect(idsOf(await store.listOverdueApprovals(PAGE, "2026-03-03T08:59:59.000Z"))).toEqual([]);
      expect(idsOf(await store.listOverdueApprovals(PAGE, "2026-03-03T09:00:01.000Z"))).toHaveLength(1);
    });

    test("a delegation is found by who gave it and by who has it, also after it changed", async () => {
      await store.putDelegation(delegation());
      await store.putDelegation(delegation({ to: "dora" }));
      await store.putDelegation(delegation({ delegationId: "other" }));
      const ids = async (of: { from: string } | { to: string }) =>
        (await store.listDelegations(of)).map(({ delegationId }) => delegationId).sort();
      expect(await ids({ from: "ann" })).toEqual(["holidays", "other"]);
      expect(await ids({ to: "carl" })).toEqual(["other"]);
      expect(await ids({ to: "dora" })).toEqual(["holidays"]);
      await store.removeDelegation("carl", "other");
      await store.removeDelegation("ann", "other");
      await store.removeDelegation("ann", "other");
      expect([await ids({ from: "ann" }), await ids({ to: "carl" })]).toEqual([["holidays"], []]);
    });
  });
}
