// Rows by key: those that were asked for and found are put in place, those not found are no more.

export function replace<Row extends { readonly id: string }>(
  keys: ReadonlySet<string> | undefined,
  rows: readonly Row[] | undefined,
  into: Map<string, Row>,
): void {
  each(keys, rows, (id, row) => {
    if (row) into.set(id, row);
    else into.delete(id);
  });
}

export function each<Row extends { readonly id: string }>(
  keys: ReadonlySet<string> | undefined,
  rows: readonly Row[] | undefined,
  take: (id: string, row: Row | undefined) => void,
): void {
  if (!keys) return;
  const found = new Map(rows?.map((row) => [row.id, row]));
  for (const id of keys) take(id, found.get(id));
}

export function listed<Row>(index: Map<string, Row[]>, key: string): Row[] {
  const rows = index.get(key) ?? [];
  index.set(key, rows);
  return rows;
}
