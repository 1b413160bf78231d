/** Describes the declarations of a UDF and how it will be run, as data and as an HTML table. */
import { htmlText } from '../../util/plain-text.js';
import { partsOf } from '../execution/partitions.js';
import type { Run } from '../execution/run.js';
import { type BufferKind, shapeOfBuffer } from './buffers.js';
import type { BufferDtype } from './dtypes.js';
import { methodOf } from './udf.js';

/** A result to be expected. */
export interface InspectedBuffer {
  readonly kind: BufferKind;
  readonly dtype: BufferDtype;
  readonly extraShape: readonly number[];
  /** Shape of the whole result as returned: the scan's, the frame's, or its own. */
  readonly shape: readonly number[];
  /** `private` results are not returned, `resultOnly` results are created at the end; null for neither. */
  readonly use: 'private' | 'resultOnly' | null;
}

/** Description of a run of a UDF. */
export interface UdfInspection {
  readonly name: string;
  /** The method that is called for frames. */
  readonly method: string;
  /** Whether kernels of the core compute it. */
  readonly kernels: boolean;
  readonly inputDtype: string;
  readonly partitions: number;
  /** Frames that will be processed. */
  readonly frames: number;
  readonly buffers: Readonly<Record<string, InspectedBuffer>>;
}

/** Describes the first UDF of a run. */
export function inspectUdf(run: Run): UdfInspection {
  const [{ udf, declarations }] = run.parts as [Run['parts'][number]];
  const { definition } = udf;
  return {
    name: definition.name,
    method: methodOf(definition),
    kernels: definition.kernel !== undefined,
    inputDtype: run.meta.inputDtype,
    partitions: partsOf(run.partitions).length,
    frames: run.partitions.reduce((sum, { positions }) => sum + positions.length, 0),
    buffers: Object.fromEntries(
      Object.entries(declarations).map(([name, declaration]) => {
        const { kind, dtype, extraShape = [], use = null } = declaration;
        return [name, { kind, dtype, extraShape, shape: shapeOfBuffer(declaration, run.shape), use }];
      }),
    ),
  };
}

const htmlRow = (cells: readonly string[], tag: 'td' | 'th'): string =>
  `<tr>${cells.map((cell) => `<${tag}>${htmlText(cell)}</${tag}>`).join('')}</tr>`;

/** The table of the first UDF of a run. */
export function displayUdf(run: Run): string {
  const { name, method, kernels, inputDtype, partitions, buffers } = inspectUdf(run);
  const rows = Object.entries(buffers)
    .filter(([, { use }]) => use !== 'private')
    .map(([buffer, { kind, dtype, extraShape, shape }]) =>
      htmlRow([buffer, kind, `(${extraShape.join(', ')})`, `(${shape.join(', ')})`, dtype], 'td'),
    );
  return [
    `<table><caption>${htmlText(name)}</caption>`,
    htmlRow(['method', method], 'td'),
    htmlRow(['kernels', kernels ? 'of the core' : 'JavaScript'], 'td'),
    htmlRow(['input dtype', inputDtype], 'td'),
    htmlRow(['partitions', String(partitions)], 'td'),
    '</table>',
    `<table>${htmlRow(['buffer', 'kind', 'extra shape', 'shape', 'dtype'], 'th')}${rows.join('')}</table>`,
  ].join('\n');
}
