/** Parameters of the servers of pages. */

import { openRows } from '../frames/parameters.js';
import { sliceRows } from '../options/frame-slice.js';
import { grouped, type Parameters } from '../options/parameters.js';
import { gridRows, sourceRows } from '../pipeline/parameters.js';
import { watchRows } from '../pipeline/watch-rows.js';
import { analysisRows, scanRunRows } from '../stem/parameters.js';
import { range } from '../util/range.js';

/** Parameters of servers behind a proxy, such as nginx, JupyterHub or Open OnDemand. */
export const proxyRows = /* @__PURE__ */ grouped('page', {
  baseUrl: {
    kind: 'text',
    sentence: 'address or path under which a proxy offers the pages: https://host/ewald/ or /user/x/proxy/{port}/',
    more: 'The port replaces {port}. Requests are answered with the path and without it.',
    value: 'address',
    neutral: true,
    needs: ['view', 'status'],
  },
  allowHosts: {
    kind: 'texts',
    flag: 'allow-host',
    sentence: 'further host name of the server, such as that of the proxy: hub.example.org; may be repeated',
    defaultText: '',
    value: 'host',
    neutral: true,
    needs: ['view', 'status'],
  },
  frameAncestors: {
    kind: 'texts',
    flag: 'frame-ancestors',
    sentence: 'origin whose pages may show these in a frame, such as https://hub.example.org; may be repeated',
    defaultText: 'none',
    value: 'origin',
    neutral: true,
    needs: ['view', 'status'],
  },
  trustProxies: {
    kind: 'texts',
    flag: 'trust-proxy',
    sentence:
      'address of a proxy whose X-Forwarded-Host, -Proto and -Prefix are taken, such as 127.0.0.1; may be repeated',
    more: 'Without it they are ignored; with it, those of other addresses are refused.',
    defaultText: 'none',
    value: 'address',
    neutral: true,
    needs: ['view', 'status'],
  },
} as const satisfies Parameters);

/** Parameters of the address on which a server listens. */
export const listenRows = /* @__PURE__ */ grouped('page', {
  port: {
    common: true,
    kind: 'integer',
    sentence: 'port to listen on; 0 chooses a free one',
    range: range(0, 65535, 0),
  },
  host: {
    common: true,
    kind: 'text',
    sentence: 'address to listen on, for a browser on another computer',
    more: 'The default can be reached from this computer only.',
    fallback: '127.0.0.1',
    value: 'address',
  },
  ...proxyRows,
} as const satisfies Parameters);

const { zmqInput, zmqSubscribe, zmqRequest, zmqPull } = sourceRows;
const received = ['frames by ZeroMQ (--zmq-input)'];

const { navShape, sigShape, dtype, endian, offset, frameHeader, frameFooter, order, constants, energy } = openRows;

/** What a viewer may be told about files of frames, which the page reads. */
export const openingRows = {
  ...{ navShape, sigShape, dtype, endian, offset, frameHeader, frameFooter, order },
  constants,
  energy,
} as const;

const { syncOffset, roi } = scanRunRows;
const { calibration } = analysisRows;

/** Which part of a scan is shown, and with what. */
export const shownScanRows = {
  syncOffset,
  roi: { ...roi, sentence: 'shows this part of the scan: y,x or y0:y1,x0:x1', type: undefined },
  ...sliceRows,
  calibration: {
    ...calibration,
    sentence: 'calibration of the scan: what ewald calibrate wrote; otherwise the page makes one when it needs it',
    more: undefined,
    type: undefined,
    of: undefined,
  },
} as const satisfies Parameters;

/** Parameters with which a viewer shows frames. */
export const viewRows = /* @__PURE__ */ grouped('input', {
  geometry: {
    common: true,
    kind: 'text',
    short: 'g',
    sentence: 'CrystFEL .geom of the detector',
    defaultText: 'described by the file',
    value: 'file',
  },
  cell: {
    common: true,
    kind: 'text',
    short: 'p',
    sentence: 'known cell: a CrystFEL .cell or PDB file, or a,b,c,alpha,beta,gamma',
    more: 'Without one, "Index all" determines it from the frames; those that arrive are only searched for peaks.',
    value: 'cell',
  },
  follow: {
    common: true,
    group: 'live',
    kind: 'boolean',
    sentence: 'shows frames as they are added: to files that grow, to a stream, and as new files of folders',
  },
  dataset: {
    kind: 'text',
    sentence: 'dataset of the frames in HDF5 files',
    defaultText: "the geometry's, or the file's own choice",
    value: 'path',
  },
  compute: {
    common: true,
    group: 'page',
    kind: 'choice',
    choices: ['here', 'there', 'auto'],
    fallback: 'auto',
    sentence: 'where images of a scan are computed: here, in the browser tab, or there, by the computer with the files',
    more:
      'auto: there if the scan takes more than 1 GiB, or more than 32 MiB where browsers are on other computers. The ' +
      'page can change it.',
  },
  memory: {
    group: 'page',
    kind: 'bytes',
    range: range(0, Number.MAX_SAFE_INTEGER, Number.NaN),
    unit: 'bytes',
    sentence: 'memory for a scan that is computed there; a larger one is read from its file for each image',
    more: 'Of a folder, two scans are kept, each in half of it.',
    defaultText: 'half of what is free',
    value: 'bytes',
  },
  grid: { ...gridRows.grid, group: 'live', of: ['frames that arrive (--follow, --zmq-input)'] },
  gridFile: { ...gridRows.gridFile, group: 'live', of: ['frames that arrive (--follow, --zmq-input)'] },
  allowOutside: {
    kind: 'boolean',
    // Who types the name of a stream may open the files that it names; a service passes on what others wrote.
    flag: null,
    sentence: 'shows the frames that a stream names wherever they are',
    defaultText: "in the stream's folder, and in this one",
  },
  ...openingRows,
  ...shownScanRows,
} as const satisfies Parameters);

/** Parameters of runs that pages start. */
export const startRows = /* @__PURE__ */ grouped('page', {
  outputDir: {
    kind: 'text',
    sentence: 'lets the page start runs on this computer, which write into this folder alone',
    more: 'Without it, no run can be started.',
    defaultText: 'none',
    value: 'folder',
  },
  maxRuns: {
    kind: 'integer',
    sentence: 'runs that pages may have started at the same time',
    range: range(1, 1000, 1),
    needs: ['outputDir'],
  },
  keepRuns: {
    kind: 'boolean',
    sentence: 'lets started runs go on when the server ends; otherwise they end as by Ctrl-C',
    needs: ['outputDir'],
  },
  force: {
    kind: 'boolean',
    sentence: 'lets started runs replace files of their name in the folder',
    needs: ['outputDir'],
  },
} as const satisfies Parameters);

/** Parameters of what a viewer shows as one file. */
export const savedViewRows = {
  htmlMb: {
    ...scanRunRows.htmlMb,
    group: 'output',
    sentence: 'largest size of the page of --save: blocks of pixels are one, or numbers rounded, to fit',
    needs: ['save'],
  },
} as const satisfies Parameters;

/** Parameters of frames that a viewer receives from a detector; in the library, those of `zmqSource`. */
export const receivedRows = {
  zmqInput: {
    ...zmqInput,
    sentence: 'shows frames as they are received by ZeroMQ, such as from tcp://host:5002, instead of files',
    of: undefined,
  },
  zmqSubscribe: { ...zmqSubscribe, of: received, needs: ['zmqInput'] },
  zmqRequest: { ...zmqRequest, of: received, needs: ['zmqInput'] },
  zmqPull: {
    ...zmqPull,
    sentence: `${zmqPull.sentence}; each frame goes to one puller, so not beside a run`,
    of: received,
    needs: ['zmqInput'],
  },
} as const satisfies Parameters;

export { watchRows };

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  ListenParameters: listenRows,
  ProxyParameters: proxyRows,
  SavedViewParameters: savedViewRows,
  StartParameters: startRows,
  ViewParameters: viewRows,
  WatchParameters: watchRows,
} as const;
