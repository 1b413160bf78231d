/** Parameters of the servers of pages. */
import type { Parameters } from '../base/parameters.js';
import { range } from '../base/range.js';

/** Parameters of the address on which a server listens. */
export const listenRows = {
  port: { kind: 'integer', sentence: 'port to listen on; 0: any free port', range: range(0, 65535, 0) },
  host: {
    kind: 'text',
    sentence: 'address to listen on, for a browser on another computer',
    fallback: '127.0.0.1',
    value: 'address',
  },
} as const satisfies Parameters;

/** Parameters with which a viewer shows frames. */
export const viewRows = {
  geometry: {
    kind: 'text',
    short: 'g',
    sentence: 'CrystFEL .geom of the detector',
    usual: 'described by the file',
    value: 'file',
  },
  cell: { kind: 'text', short: 'p', sentence: 'known cell: a .cell or .pdb file', value: 'file' },
} as const satisfies Parameters;
