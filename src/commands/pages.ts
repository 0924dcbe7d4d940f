import type { Page, PageRequest } from "../store/port.js";

/** Every entry of a list, page by page, and the rows that are unreadable. */
export async function allPages<T>(
  list: (page: PageRequest) => Promise<Page<T>>,
): Promise<{ entries: T[]; unreadable: string[] }> {
  const entries: T[] = [];
  const unreadable: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    entries.push(...page.entries);
    unreadable.push(...(page.unreadable ?? []));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { entries, unreadable };
}
