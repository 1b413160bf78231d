/** Parameters of connections to detectors and of live scans. */
import { grouped, type Parameters, typed } from '../options/parameters.js';
import { range } from '../util/range.js';
import type { DetectorControl } from './acquisition/detector-control.js';

const day = 86_400;

const detector = ['a detector (--connect)'];
const live = [...detector, 'a file that is followed (--follow)'];

/** The rows of the options of live acquisitions. */
export const liveRows = /* @__PURE__ */ grouped('live', {
  connect: {
    common: true,
    kind: 'text',
    sentence:
      'a detector whose frames are processed as they arrive, instead of a file: merlin://host:6341, ' +
      'dectris://host:31001',
    defaultText: '',
    value: 'address',
  },
  follow: {
    common: true,
    kind: 'boolean',
    sentence:
      'processes the frames of a file that grows, or of files that are added to a folder, as they arrive; the scan ' +
      'needs its shape (--nav-shape)',
  },
  dataPort: {
    kind: 'integer',
    sentence: 'port on which the detector sends frames',
    range: range(1, 65535, Number.NaN),
    defaultText: 'the next one after the port for commands',
    of: detector,
  },
  controller: {
    kind: 'boolean',
    sentence: "starts the acquisition by the detector's usual command",
    more: 'In JavaScript, a function may send other commands. Without it, the acquisition is started by others.',
    type: typed<true | ((control: DetectorControl) => unknown)>('true | ((control: DetectorControl) => unknown)'),
    of: detector,
  },
  timeoutS: {
    kind: 'number',
    sentence: 'longest time to wait for an acquisition, or for the first frame of a file',
    range: range(0, day, Number.NaN),
    unit: 'seconds',
    defaultText: 'no limit',
    flag: 'timeout',
    value: 'seconds',
    of: live,
  },
  stallS: {
    kind: 'number',
    sentence: 'time without a frame after which the scan ends with an error',
    more: 'Before the first frame of a detector, which may wait for its trigger, there is no limit unless this is set.',
    range: range(0, day, 60),
    unit: 'seconds',
    flag: 'stall',
    value: 'seconds',
    of: live,
  },
  reconnectS: {
    kind: 'number',
    sentence: 'time to connect again if the connection ends during a scan; frames of that time are lost',
    range: range(0, day, 5),
    unit: 'seconds',
    flag: 'reconnect',
    value: 'seconds',
    of: detector,
  },
  latest: {
    kind: 'boolean',
    sentence: 'processes the latest frames and skips those that arrived meanwhile, for results without positions',
    of: live,
  },
  ringBytes: {
    kind: 'bytes',
    sentence: 'memory for frames that wait for the run',
    range: range(1, 2 ** 40, 2 ** 28),
    unit: 'bytes',
    value: 'bytes',
    of: live,
  },
} as const satisfies Parameters);

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = { LiveParameters: liveRows } as const;
