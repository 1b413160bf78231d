/** Parameters of watching a run: its log, its health and its alarms. */
import { grouped, type Parameters } from '../options/parameters.js';
import { range } from '../util/range.js';

/** Parameters of watching a run that nobody looks at. None of them changes what is computed. */
export const watchRows = /* @__PURE__ */ grouped('live', {
  log: {
    kind: 'text',
    sentence: 'appends the events of the run to this file, one JSON line each',
    value: 'file',
    neutral: true,
  },
  logBytes: {
    kind: 'bytes',
    sentence: 'size at which the log begins a new file; the last four are kept as FILE.1 … FILE.4',
    range: range(1000, 2 ** 40, 2 ** 24),
    unit: 'bytes',
    value: 'bytes',
    neutral: true,
    needs: ['log'],
  },
  status: {
    kind: 'text',
    sentence:
      'answers /health and /metrics (Prometheus) on this port of this computer, or host:port; prints the address',
    more:
      'Requests need the token of the address, as `?token=` or as a Bearer; EWALD_STATUS_TOKEN sets one that stays ' +
      'the same.',
    value: 'address',
    neutral: true,
  },
  alarm: {
    kind: 'texts',
    sentence:
      "an alarm, such as 'hits<5% for 2min', of hits, indexed, rate, lag, disk, memory or drift, or of recent frames: " +
      "spots, resolution, background, ice, roi:NAME.FIELD ('roi:jet.sum<4000 for 30s'); may be repeated",
    defaultText: '',
    value: 'alarm',
    neutral: true,
  },
  onAlarm: {
    kind: 'text',
    sentence: 'runs this command when an alarm begins and when it ends, with EWALD_ALARM and EWALD_ALARM_STATE',
    value: 'command',
    neutral: true,
    needs: ['alarm'],
  },
} as const satisfies Parameters);
