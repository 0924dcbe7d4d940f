import { toMs } from "../domain/text.js";

/** As wide as every moment until the year 2286, so that keys sort as their moments do. */
const DIGITS = 13;
const LAST_MS = 10 ** DIGITS - 1;

/** A part of a row key that sorts the earliest moment first. */
export const earliestFirst = (instant: string): string => String(toMs(instant)).padStart(DIGITS, "0");

/** A part of a row key that sorts the latest moment first. */
export const newestFirst = (instant: string): string => String(LAST_MS - toMs(instant)).padStart(DIGITS, "0");
