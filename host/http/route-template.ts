import { ConfigurationError } from "../settings/configuration-error.js";
import { type Constraint, parseConstraint } from "./route-constraints.js";

/** A route in the syntax of ASP.NET: `orders/{id:int}/{*rest}`. */
export interface RouteTemplate {
  text: string;
  segments: readonly Segment[];
}

type Part = { literal: string } | Parameter;

interface Parameter {
  name: string;
  constraints: readonly Constraint[];
  optional: boolean;
  catchAll: boolean;
  fallback: string | undefined;
}

/** The text between two slashes. Most segments have one part, but `{name}.{extension}` has three. */
interface Segment {
  parts: readonly Part[];
  /** Finds the texts of the parts in a segment of several parts. */
  pattern: RegExp | undefined;
}

export type RouteParams = Record<string, string>;

/** @throws ConfigurationError when the text is not a valid route template */
export function parseRouteTemplate(text: string): RouteTemplate {
  const trimmed = text.replace(/^\/|\/$/g, "");
  try {
    const segments = trimmed === "" ? [] : splitOutsideBraces(trimmed).map(parseSegment);
    checkParameters(segments);
    return { text: trimmed, segments };
  } catch (error) {
    throw new ConfigurationError(`the route "${text}" can't be used: ${(error as Error).message}.`);
  }
}

/**
 * The parameters of a path that matches the template; undefined for any other path.
 *
 * @param path the decoded segments of the path, without the empty ones at its ends
 */
export function matchRoute(template: RouteTemplate, path: readonly string[]): RouteParams | undefined {
  const params: RouteParams = {};
  for (const [index, segment] of template.segments.entries()) {
    const [first] = segment.parts;
    if (segment.parts.length === 1 && first && "catchAll" in first && first.catchAll) {
      return take(first, path.slice(index).join("/"), params) ? params : undefined;
    }
    if (!matchSegment(segment, path[index], params)) return undefined;
  }
  return path.length > template.segments.length ? undefined : params;
}

/** Sorts more specific templates first: literals, then constrained, unconstrained and catch-all parameters. */
export function comparePrecedence(a: RouteTemplate, b: RouteTemplate): number {
  const length = Math.max(a.segments.length, b.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(a.segments[index]) - rank(b.segments[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(segment: Segment | undefined): number {
  if (!segment) return 0;
  const [part] = segment.parts;
  if (segment.parts.length > 1 || !part) return 2;
  if ("literal" in part) return 1;
  return (part.catchAll ? 5 : 3) - (part.constraints.length > 0 ? 1 : 0);
}

function matchSegment(segment: Segment, text: string | undefined, params: RouteParams): boolean {
  const [first] = segment.parts;
  if (segment.pattern) {
    const found = text === undefined ? null : segment.pattern.exec(text);
    const parameters = segment.parts.filter((part): part is Parameter => "name" in part);
    return found !== null && parameters.every((parameter, index) => take(parameter, found[index + 1] ?? "", params));
  }
  if (!first) return false;
  if ("literal" in first) return first.literal.toLowerCase() === text?.toLowerCase();
  return take(first, text ?? "", params);
}

function take(parameter: Parameter, text: string, params: RouteParams): boolean {
  const value = text === "" ? parameter.fallback : text;
  if (value === undefined || value === "") return parameter.optional || parameter.catchAll;
  if (!parameter.constraints.every((fits) => fits(value))) return false;
  params[parameter.name] = value;
  return true;
}

function splitOutsideBraces(text: string): string[] {
  const segments: string[] = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "{") depth++;
    if (char === "}") depth--;
    if (char === "/" && depth === 0) segments.push("");
    else segments[segments.length - 1] += char;
  }
  return segments;
}

/** Braces inside a constraint are doubled: `{id:regex(^\\d{{3}}$)}`. */
const TOKEN = /\{((?:[^{}]|\{\{|\}\})+)\}|((?:[^{}]|\{\{|\}\})+)/y;

function parseSegment(text: string): Segment {
  if (text === "") throw new Error("it has an empty segment");
  const parts: Part[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (!token) throw new Error(`the braces of "${text}" don't match`);
    parts.push(
      token[1] === undefined ? { literal: unescapeBraces(token[2] ?? "") } : parseParameter(unescapeBraces(token[1])),
    );
  }
  if (parts.length > 1 && parts.some((part) => "catchAll" in part && part.catchAll)) {
    throw new Error(`a catch-all parameter must be alone in its segment, unlike in "${text}"`);
  }
  return { parts, pattern: parts.length > 1 ? segmentPattern(parts) : undefined };
}

function parseParameter(text: string): Parameter {
  const catchAll = /^\*{1,2}/.exec(text)?.[0] ?? "";
  const name = /^[^:=?(){}/*\s]+/.exec(text.slice(catchAll.length))?.[0];
  if (name === undefined) throw new Error(`"{${text}}" names no parameter`);
  const { constraints, rest } = readConstraints(text.slice(catchAll.length + name.length));
  const fallback = rest.startsWith("=") ? rest.slice(1) : undefined;
  if (rest !== "" && rest !== "?" && fallback === undefined) throw new Error(`"${rest}" in "{${text}}" is not valid`);
  return { name, constraints, optional: rest === "?", catchAll: catchAll !== "", fallback };
}

function readConstraints(text: string): { constraints: Constraint[]; rest: string } {
  const constraints: Constraint[] = [];
  let rest = text;
  while (rest.startsWith(":")) {
    const length = constraintLength(rest);
    constraints.push(parseConstraint(rest.slice(1, length)));
    rest = rest.slice(length);
  }
  return { constraints, rest };
}

/** The length up to the next `:`, `=` or final `?` outside parentheses. */
function constraintLength(text: string): number {
  let depth = 0;
  for (let index = 1; index < text.length; index++) {
    const char = text[index];
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (depth === 0 && (char === ":" || char === "=" || char === "?")) return index;
  }
  return text.length;
}

/** As in ASP.NET, parts match greedily from the left, and an optional last part includes its dot. */
function segmentPattern(parts: readonly Part[]): RegExp {
  const last = parts.at(-1);
  const dot = parts.at(-2);
  const endsOptional = last && "name" in last && last.optional && dot && "literal" in dot && dot.literal === ".";
  const sources = parts.map((part) => ("literal" in part ? escapePattern(part.literal) : "(.+)"));
  const source = endsOptional
    ? `${sources.slice(0, -2).join("").replaceAll("(.+)", "(.+?)")}(?:\\.([^.]+))?`
    : sources.join("");
  return new RegExp(`^${source}$`, "is");
}

function checkParameters(segments: readonly Segment[]): void {
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    for (const part of segment.parts) {
      if ("literal" in part) continue;
      const name = part.name.toLowerCase();
      if (names.has(name)) throw new Error(`the parameter "${part.name}" appears twice`);
      names.add(name);
      const isLast = index === segments.length - 1;
      if (!isLast && part.catchAll) throw new Error(`the catch-all parameter "${part.name}" must come last`);
    }
  }
}

const unescapeBraces = (text: string): string => text.replaceAll("{{", "{").replaceAll("}}", "}");
const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
