import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressNumber,
  addressText,
  findAddress,
  isInRange,
  isReserved,
} from "../../../src/domain/worlds/addresses.js";
import {
  chooseSubnet,
  interfaceProblems,
  mappingProblems,
  type Placing,
  placeItems,
  withMappedNetworks,
} from "../../../src/domain/worlds/networks.js";
import type { Network, World } from "../../../src/domain/worlds/world.js";
import { smallWorld } from "../../support/worlds.js";

const RANGE = "10.2.0.0/28"; // usable: 10.2.0.4 to 10.2.0.14

describe("addresses", () => {
  test("a number and its text are the same address", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(addressText(addressNumber(address))).toBe(address);
      }),
    );
  });

  test.each([
    ["10.2.0.9", "10.2.0.0/24", true],
    ["10.2.1.9", "10.2.0.0/24", false],
    ["255.255.255.255", "0.0.0.0/0", true],
    ["10.0.0.1", "10.0.0.1/32", true],
  ])("%s in %s: %s", (address, range, expected) => {
    expect(isInRange(address, range)).toBe(expected);
  });

  test.each([
    ["10.2.0.3", true],
    ["10.2.0.4", false],
    ["10.2.0.14", false],
    ["10.2.0.15", true],
    ["10.3.0.1", false],
  ])("the service keeps %s of a range for itself: %s", (address, expected) => {
    expect(isReserved(address, RANGE)).toBe(expected);
  });

  test.each([
    ["the wanted one when it is free", "10.2.0.9", [], "10.2.0.9", "same"],
    ["the next one when it is taken", "10.2.0.9", ["10.2.0.9", "10.2.0.10"], "10.2.0.11", "next-free"],
    ["from the beginning behind the end", "10.2.0.14", ["10.2.0.14", "10.2.0.4"], "10.2.0.5", "next-free"],
    ["the first when the wanted one is of another range", "10.9.9.9", [], "10.2.0.4", "next-free"],
    ["the first when the service keeps the wanted one", "10.2.0.1", [], "10.2.0.4", "next-free"],
    ["the first when none is wanted", null, ["10.2.0.4"], "10.2.0.5", "next-free"],
  ])("B.6: %s", (_, wanted, taken, address, how) => {
    expect(findAddress(RANGE, wanted, new Set(taken))).toEqual({ address, how });
  });

  test("a range that is full or too small has no free address", () => {
    const all = Array.from({ length: 11 }, (_, index) => `10.2.0.${index + 4}`);
    expect(findAddress(RANGE, null, new Set(all))).toBeNull();
    expect(findAddress("10.2.0.0/30", null, new Set())).toBeNull();
  });

  test("the search finds a free address if there is one, and the preferred one if it is free", () => {
    const host = fc.integer({ min: 0, max: 15 }).map((number) => `10.2.0.${number}`);
    fc.assert(
      fc.property(fc.option(host), fc.uniqueArray(host), (wanted, used) => {
        const taken = new Set(used);
        const free = Array.from({ length: 11 }, (_, index) => `10.2.0.${index + 4}`).filter((one) => !taken.has(one));
        const found = findAddress(RANGE, wanted, taken);
        if (free.length === 0) {
          expect(found).toBeNull();
          return;
        }
        expect(free).toContain(found?.address);
        expect(found?.how).toBe(wanted !== null && free.includes(wanted) ? "same" : "next-free");
      }),
    );
  });
});

const subnet = (name: string, range = RANGE, inUse: string[] = []) => ({ name, range, inUse });

describe("P3 B.6: the subnet", () => {
  const network = { subnets: [subnet("z"), subnet("b"), subnet("a")] };
  test.each([
    ["asked for", "z", "b", "z"],
    ["of the same name", undefined, "b", "b"],
    ["first by name", undefined, "other", "a"],
    ["first by name when there is no name to match", undefined, undefined, "a"],
    ["asked for and missing", "gone", "b", undefined],
  ])("%s", (_, asked, own, expected) => {
    expect(chooseSubnet(network, asked, own)?.name).toBe(expected);
  });
  test("of no network is undefined", () => expect(chooseSubnet(undefined, undefined, "a")).toBeUndefined());
});

const networks: Network[] = [
  { id: "vnet", subnets: [subnet("a", RANGE, ["10.2.0.6"])] },
  { id: "drill", subnets: [subnet("a", "10.8.0.0/28")] },
];
const placing = (id: string, ip: string | null, target: Partial<Placing["item"]["target"]> = {}): Placing => ({
  item: { id, target: { managedDisks: true, networkId: "vnet", ...target } },
  machine: {
    nics: [
      {
        name: "nic",
        networkId: "lan",
        subnet: "a",
        assignment: ip === null ? "dhcp" : "static",
        ...(ip === null ? {} : { ip }),
      },
    ],
  },
  networks,
});
const placed = (placings: Placing[], isolated = false) =>
  placeItems(placings, { isolated }).map(({ itemId, networkId, address, how }) => [itemId, networkId, address, how]);

describe("the placement of items", () => {
  test("a static address stays if it is free, a requested address is kept, and DHCP stays DHCP", () => {
    const placings = [
      placing("static", "10.2.0.5"),
      placing("taken", "10.2.0.6"),
      placing("asked", "10.2.0.5", { ip: "10.2.0.7" }),
      placing("dhcp", null),
    ];
    expect(placed(placings)).toEqual([
      ["static", "vnet", "10.2.0.5", "same"],
      ["taken", "vnet", "10.2.0.8", "next-free"],
      ["asked", "vnet", "10.2.0.7", "asked"],
      ["dhcp", "vnet", null, "dhcp"],
    ]);
  });

  test("a test is isolated: on the test network, or on a copy in which production addresses are free", () => {
    expect(placed([placing("made", "10.2.0.6"), placing("own", "10.8.0.9", { testNetworkId: "drill" })], true)).toEqual(
      [
        ["made", null, "10.2.0.6", "same"],
        ["own", "drill", "10.8.0.9", "same"],
      ],
    );
  });

  test("without a network or subnet there is a reason", () => {
    const { networkId: _, ...nowhere } = placing("a", null).item.target;
    const [none, gone] = placeItems(
      [{ ...placing("a", null), item: { id: "a", target: nowhere } }, placing("b", null, { subnet: "gone" })],
      { isolated: false },
    );
    expect(none).toMatchObject({ how: null, because: "the target settings name no network" });
    expect(gone).toMatchObject({ how: null, because: "there is no network vnet with the subnet gone" });
  });

  test("every interface is placed, and one without a network is named with the reason", () => {
    const nic = (name: string, ip?: string) => ({
      ...{ name, networkId: "lan", subnet: "a" },
      ...(ip === undefined ? { assignment: "dhcp" as const } : { assignment: "static" as const, ip }),
    });
    const [first] = [placing("many", "10.2.0.5", { interfaces: [{ name: "own", networkId: "drill" }] })];
    const machine = { nics: [...first.machine.nics, nic("left"), nic("own", "10.8.0.7")] };
    const placements = placeItems([{ ...first, machine }], { isolated: false });
    expect(placements.map(({ interface: name, networkId, address }) => [name, networkId, address])).toEqual([
      ["nic", "vnet", "10.2.0.5"],
      ["left", null, null],
      ["own", "drill", "10.8.0.7"],
    ]);
    expect(placements[1]?.because).toBe("the target settings name no network");
  });

  test("addresses that machines of other items use are not free, but those of the items themselves are", () => {
    const used = ["other", "mine"].map((itemId, at) => ({ itemId, networkId: "vnet", address: `10.2.0.${at + 8}` }));
    const addressOf = (ip: string) => placeItems([placing("mine", ip)], { isolated: false, used })[0]?.address;
    expect([addressOf("10.2.0.8"), addressOf("10.2.0.9")]).toEqual(["10.2.0.9", "10.2.0.9"]);
  });

  test("no two items of a plan get the same address, even if many request it", () => {
    const host = fc.integer({ min: 0, max: 15 }).map((number) => `10.2.0.${number}`);
    fc.assert(
      fc.property(fc.array(host, { maxLength: 14 }), (wishes) => {
        const found = placeItems(
          wishes.map((ip, index) => placing(`i${index}`, ip)),
          { isolated: false },
        );
        const addresses = found.flatMap(({ address }) => address ?? []);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(addresses).not.toContain("10.2.0.6");
        expect(addresses.length).toBe(Math.min(wishes.length, 10));
      }),
    );
  });
});

describe("network mapping", () => {
  const mapping = { fromSiteId: "home", fromNetworkId: "lan", toSiteId: "away", toNetworkId: "vnet" };
  const world = (more: object = {}): World => ({ ...smallWorld(2), networkMappings: [{ ...mapping, ...more }] });

  test("fills in settings that an item does not have", () => {
    const mapped = world({ testNetworkId: "vnet" });
    const [first, second] = mapped.items;
    if (!first || !second) throw new Error("incomplete");
    delete first.target.networkId;
    second.target.networkId = "own";
    expect(withMappedNetworks(mapped).items.map(({ target }) => target)).toMatchObject([
      { networkId: "vnet", testNetworkId: "vnet" },
      { networkId: "own", testNetworkId: "vnet" },
    ]);
  });

  test("places further interfaces, whose own settings take precedence", () => {
    const mapped = world({ fromNetworkId: "dmz", testNetworkId: "vnet" });
    const [machine, other] = mapped.machines;
    const [item] = mapped.items;
    if (!machine || !other || !item) throw new Error("incomplete");
    for (const name of ["b", "c"]) machine.nics.push({ name, networkId: "dmz", assignment: "dhcp" });
    item.target.interfaces = [{ name: "c", networkId: "own" }];
    expect(withMappedNetworks(mapped).items.map(({ target }) => target.interfaces)).toEqual([
      [
        { name: "b", networkId: "vnet", testNetworkId: "vnet" },
        { name: "c", networkId: "own", testNetworkId: "vnet" },
      ],
      undefined,
    ]);
  });

  test.each([
    [["nic"], "item item-1 places its first interface nic twice: the settings of the item place it already"],
    [["gone"], "item item-1 names the unknown interface gone"],
    [["b", "b"], "item item-1 places the interface b twice"],
  ])("places of the interfaces %j: %s", (names, problem) => {
    const { items, machines } = smallWorld(1);
    const [[item], [machine]] = [items, machines];
    if (!machine || !item) throw new Error("incomplete");
    machine.nics.push({ name: "b", networkId: "lan", assignment: "dhcp" });
    item.target.interfaces = names.map((name) => ({ name, networkId: "vnet" }));
    expect(interfaceProblems(item, machine)).toEqual([problem]);
  });

  test("does not change items of other networks, and worlds without mappings", () => {
    const other = world({ fromNetworkId: "dmz" });
    expect(withMappedNetworks(other).items).toEqual(other.items);
    const none = smallWorld(1);
    expect(withMappedNetworks(none)).toBe(none);
  });

  test.each([
    [{}, []],
    [{ toNetworkId: "gone" }, ["the mapping of home/lan to away names the unknown network away/gone"]],
    [
      { testNetworkId: "vnet" },
      ["the mapping of home/lan to away uses its production network as test network; a test needs another one"],
    ],
  ])("%j: %j", (more, problems) => {
    expect(mappingProblems(world(more))).toEqual(problems);
  });

  test("with two targets for one network is refused", () => {
    const twice = { ...world(), networkMappings: [mapping, mapping] };
    expect(mappingProblems(twice)).toEqual(["duplicate: the mapping of home/lan to away"]);
  });
});
