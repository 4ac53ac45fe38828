/** Rows as CSV (RFC 4180). A cell that a spreadsheet would run as a formula gets a quote before it: names come from a directory. */
import { z } from 'zod';

export type CsvColumns<Row> = readonly (readonly [name: string, cell: (row: Row) => string])[];

export const csv = z.string();

export function csvOf<Row>(columns: CsvColumns<Row>, rows: readonly Row[]): string {
  const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  return `${lines.map((cells) => cells.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

export function csvCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
