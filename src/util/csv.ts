/** Flat tables as text, as pandas and spreadsheets read them (RFC 4180). */

/** A table of objects, with a column for each name; members of objects become `object.member`. */
export function csvText(objects: readonly object[]): string {
  const rows = objects.map((object) => new Map(flat(object, '')));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = rows.map((row) => names.map((name) => cell(row.get(name))).join(','));
  return [names.map(csvCell).join(','), ...lines].join('\n');
}

function flat(one: object, prefix: string): [string, unknown][] {
  return Object.entries(one).flatMap(([name, value]: [string, unknown]): [string, unknown][] =>
    typeof value === 'object' && value !== null ? flat(value, `${prefix}${name}.`) : [[prefix + name, value]],
  );
}

/** What is not known, or not a number, is an empty cell. */
function cell(value: unknown): string {
  if (value === undefined || value === null || Number.isNaN(value)) return '';
  return typeof value === 'string' ? csvCell(value) : String(value).replace('Infinity', 'inf');
}

/** The cell of a text: quoted where it has to be, and never a spreadsheet formula. */
export function csvCell(text: string): string {
  const plain = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",;\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
