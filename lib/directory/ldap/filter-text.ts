/**
 * A filter that an admin typed. It is read once, where it comes in, by the same parser that later sends it, and travels as a parsed tree: put
 * beside ours, never into our text, so that no bracket of it can end one of ours.
 */
import {
  AndFilter,
  ApproximateFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  FilterParser,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts';

export const filterTextMax = 2_000;
const depthMax = 20;
const termsMax = 100;
const inChain = '1.2.840.113556.1.4.1941';
const unreadable = 'This is no LDAP filter: its brackets do not match, or a condition is not of the form (attribute=value).';
const highByte = /\\[89a-fA-F][0-9a-fA-F]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
const controlCharacter = /[\x00-\x1f\x7f]|\\(?:[01][0-9a-fA-F]|7[fF])/;

/** What is wrong with it, as a sentence for whoever typed it; null when it can be used. */
export function faultOfFilter(text: string): string | null {
  if (text.length > filterTextMax) return `A filter may be at most ${filterTextMax.toLocaleString('en')} characters long.`;
  if (controlCharacter.test(text)) return 'The filter holds a control character, which no filter needs.';
  if (highByte.test(text)) return 'Type letters like é as they are, not as escaped bytes.';
  if (!text.startsWith('(') || !text.endsWith(')'))
    return 'A filter stands in brackets: (employeeType=internal), or (&(…)(…)) for several.';
  if (!isBalanced(text)) return unreadable;
  try {
    const terms = termsOf(FilterParser.parseString(text));
    if (terms.length > termsMax) return `A filter may hold at most ${termsMax} conditions.`;
    return terms.every(({ attribute }) => /^[A-Za-z][\w-]*$/.test(attribute))
      ? null
      : 'Each condition of the filter names an attribute: (department=IT).';
  } catch {
    return unreadable;
  }
}

/** The parser lets a closing bracket be missing at the end. An escaped bracket is a number, so every sign counts. */
function isBalanced(text: string): boolean {
  let open = 0;
  for (const sign of text) {
    if (sign === '(') open += 1;
    if (sign === ')') open -= 1;
    if (open < 0) return false;
  }
  return open === 0;
}

/** As people paste them, over several lines: space between conditions says nothing. */
export function tidyFilter(text: string): string {
  return text
    .trim()
    .replace(/\)\s+(?=[()])/g, ')')
    .replace(/\(\s*([&|!])\s*(?=\()/g, '($1');
}

/** Ours, and the admin's beside it. */
export function bothOf(ours: string | Filter, own: string | undefined): string | Filter {
  if (own === undefined) return ours;
  return new AndFilter({ filters: [typeof ours === 'string' ? FilterParser.parseString(ours) : ours, FilterParser.parseString(own)] });
}

export function attributesOfFilter(text: string): string[] {
  return [...new Set(termsOf(FilterParser.parseString(text)).map(({ attribute }) => attribute))];
}

/** Asks for something that changes without the object itself: who is in which group. */
export function asksForGroups(text: string): boolean {
  return termsOf(FilterParser.parseString(text)).some(({ attribute, rule }) => /^memberof$/i.test(attribute) || rule === inChain);
}

interface Term {
  readonly attribute: string;
  readonly rule: string | null;
}

function termsOf(filter: Filter, depth = 1): Term[] {
  if (depth > depthMax) throw new Error('nested too deeply');
  if (filter instanceof AndFilter || filter instanceof OrFilter) return filter.filters.flatMap((one) => termsOf(one, depth + 1));
  if (filter instanceof NotFilter) return termsOf(filter.filter, depth + 1);
  if (filter instanceof ExtensibleFilter) return [{ attribute: filter.matchType, rule: filter.rule }];
  if (
    filter instanceof EqualityFilter ||
    filter instanceof SubstringFilter ||
    filter instanceof PresenceFilter ||
    filter instanceof GreaterThanEqualsFilter ||
    filter instanceof LessThanEqualsFilter ||
    filter instanceof ApproximateFilter
  )
    return [{ attribute: filter.attribute, rule: null }];
  throw new Error('a kind of filter that is not known here');
}
