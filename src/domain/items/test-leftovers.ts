/** Copies and networks that tests left, each network with the items whose test made it. */
interface Found {
  copies: readonly { itemId: string; name: string }[];
  networks: readonly { networkId: string; siteId: string; itemIds: readonly string[] }[];
}

/** What tests left, as reports and conditions name it, each with its items. */
export const leftoversInWords = ({ copies, networks }: Found): { what: string; itemIds: readonly string[] }[] => [
  ...copies.map(({ itemId, name }) => ({ what: `test copy ${name}`, itemIds: [itemId] })),
  ...networks.map(({ networkId, siteId, itemIds }) => ({ what: `network ${networkId} at ${siteId}`, itemIds })),
];
