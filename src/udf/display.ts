/** A run in words: what a UDF declares and how it will be run, as an HTML table. */
import type { Run } from './run.js';
import { methodOf } from './udf.js';

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const rowOf = (cells: readonly string[], tag: 'td' | 'th'): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;

/** The table of the first UDF of a run. */
export function displayUdf(run: Run): string {
  const [part] = run.parts;
  if (!part) return '';
  const { udf, declarations } = part;
  const shapes = run.results()[0] ?? {};
  const rows = Object.entries(declarations)
    .filter(([, { use }]) => use !== 'private')
    .map(([name, { kind, dtype, extraShape = [] }]) =>
      rowOf([name, kind, `(${extraShape.join(', ')})`, `(${shapes[name]?.shape.join(', ') ?? ''})`, dtype], 'td'),
    );
  const { definition } = udf;
  return [
    `<table><caption>${escaped(definition.name)}</caption>`,
    rowOf(['method', methodOf(definition)], 'td'),
    rowOf(['kernels', definition.kernel ? 'of the core' : 'JavaScript'], 'td'),
    rowOf(['input dtype', run.meta.inputDtype], 'td'),
    rowOf(['partitions', String(run.partitions.length)], 'td'),
    '</table>',
    `<table>${rowOf(['buffer', 'kind', 'extra shape', 'shape', 'dtype'], 'th')}${rows.join('')}</table>`,
  ].join('\n');
}
