/**
 * Whether two names may be of one human: they differ at most in case, in spaces, in invisible characters or in how the
 * same letters are encoded. It only ever takes something away: whoever may be the requester does not approve, and two
 * who may be one count once. A right needs the very name.
 *
 * Tests: test/unit/domain/person.test.ts.
 */
export const isSamePerson = (a: string, b: string): boolean => a === b || folded(a) === folded(b);

const folded = (name: string): string =>
  name
    .normalize("NFKC")
    .replace(/[\s\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu, "")
    .toLowerCase();
