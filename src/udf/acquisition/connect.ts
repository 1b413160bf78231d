/** Opens connections to detectors. */
import { checkedOptions, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { checkSignal, inspect, nearest } from '../../util/options.js';
import type { UdfPlace } from '../context-options.js';
import { liveRows } from '../parameters.js';
import { DetectorConnection } from './connection.js';
import type { LiveScan } from './live-scan.js';
import { type DetectorKind, type DetectorOptions, detectorPorts } from './options.js';

const kinds = Object.keys(detectorPorts) as DetectorKind[];

/** Kind, host and port in an address such as merlin://host:6341, or a kind alone. Throws `Argument`. */
export function detectorAddress(detector: string): { kind: DetectorKind; host?: string; port?: number } {
  const match = typeof detector === 'string' ? /^([a-z0-9]+)(?::\/\/(.*))?$/i.exec(detector) : null;
  const kind = match?.[1]?.toLowerCase();
  if (!kind || !kinds.includes(kind as DetectorKind)) {
    const near = kind && nearest(kind, kinds);
    const expected = near
      ? `did you mean "${near}"?`
      : `expected ${kinds.join(' or ')}, or an address such as merlin://host:6341`;
    throw new EwaldError('Argument', `connect: the detector is ${inspect(detector)}; ${expected}`);
  }
  const rest = match?.[2];
  if (rest === undefined) return { kind: kind as DetectorKind };
  const parts = /^([^\s:/?#@]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?\/?$/i.exec(rest);
  const port = parts?.[2] === undefined ? undefined : Number(parts[2]);
  if (!parts || (port !== undefined && (port < 1 || port > 65535)))
    throw new EwaldError('Argument', `connect: the address is ${inspect(detector)}; expected ${kind}://host:port`);
  const host = (parts[1] as string).replace(/^\[|\]$/g, '');
  return { kind: kind as DetectorKind, host, ...(port !== undefined && { port }) };
}

const { dataPort, reconnectS, ringBytes } = liveRows;
const port = row.integer(1, 65535);
const rows = {
  host: row.text,
  port,
  dataPort,
  reconnectS,
  ringBytes,
  thresholdChannel: row.text,
  signal: row.signal,
} as const;

export async function connectDetector(
  place: UdfPlace,
  detector: string,
  options: DetectorOptions,
  keep: (scan: LiveScan) => LiveScan,
): Promise<DetectorConnection> {
  const { dataPort, reconnectS, ringBytes, thresholdChannel, signal, ...wanted } = checkedOptions(
    'connect',
    options,
    rows,
  );
  const address = detectorAddress(detector);
  const foreign = (['dataPort', 'reconnectS'] as const).find((name) => options[name] !== undefined);
  if (address.kind === 'dectris' && foreign)
    throw new EwaldError(
      'Argument',
      `connect: ${foreign} is for merlin; dectris has one port, to which ZeroMQ connects again by itself`,
    );
  if (address.kind !== 'dectris' && thresholdChannel !== undefined)
    throw new EwaldError(
      'Argument',
      `connect: thresholdChannel is for dectris; ${address.kind} sends one image a frame`,
    );
  const { host = address.host ?? '127.0.0.1', port = address.port ?? detectorPorts[address.kind] } = wanted;
  if (host === '') throw new EwaldError('Argument', 'connect: host is ""; expected a name or an address');
  const given = {
    host,
    port,
    dataPort: dataPort ?? Math.min(65535, port + 1),
    reconnectS,
    ringBytes,
    thresholdChannel,
  };
  checkSignal(signal);
  if (!place.detector)
    throw new EwaldError(
      'Unsupported',
      `connect: browsers cannot connect to ${address.kind}; run it on Node, such as ewald run com --connect`,
    );
  const driver = await place.detector(address.kind, given);
  try {
    await driver.connect(signal);
  } catch (error) {
    await driver.close();
    throw error;
  }
  return new DetectorConnection(driver, ringBytes, keep);
}
