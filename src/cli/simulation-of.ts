/** The simulation that the flags of `ewald simulate` describe. */
import type { Parameters } from '../entries/command.node.js';
import type { KnownCell } from '../entries/index.node.js';

/** The simulation that flags describe. */
export const simulationOf = <Simulation>(
  rows: Parameters,
  flags: Readonly<Record<string, unknown>>,
  known: KnownCell,
): Simulation => {
  const given = Object.keys(rows).map((name) => [name, flags[name]] as const);
  const { cell, centring } = known;
  return { ...Object.fromEntries(given.filter(([, value]) => value !== undefined)), cell, centring } as Simulation;
};
