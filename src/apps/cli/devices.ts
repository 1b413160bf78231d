/** `ewald devices`: lists all backends, whether they are available, and why not. */
import type { Command } from 'commander';
import type { DeviceReport, EngineReport } from '../../entries/index.node.js';
import { backendOption, bold, type CliDeps, dim, green, print, printJson, prose, red } from './output.js';
import { withFlags } from './parameter-flags.js';
import { backendRow, jsonRow } from './shell-rows.js';

export function register(program: Command, { devices }: CliDeps): void {
  const command = program
    .command('devices')
    .description('which backends this machine has, which one is chosen, and why not the others');
  withFlags(command, {
    backend: { ...backendRow, sentence: 'choose as if this backend had been requested', usual: '' },
    json: jsonRow(
      'one JSON array: [{backend, available, chosen, name, reason, limits, memory, engines, faults, numbers, works}]',
    ),
  }).action(async (options: { backend?: string; json?: boolean }) => {
    const rows = await devices({ ...backendOption(options.backend), selfTest: true });
    if (options.json) {
      printJson(rows.map(({ device: _, ...row }) => row));
      return;
    }
    for (const { backend, available, chosen, name, reason, memory, device, engines, faults } of rows) {
      const mark = chosen ? green('●') : available ? '○' : dim('–');
      print(
        `${mark} ${bold(backend.padEnd(8))} ${available ? (name ?? '') : dim('not available')}` +
          (chosen ? green('   chosen') : ''),
      );
      below(dim(reason));
      if (device) {
        const gib = memory === null ? '' : `, ${(memory / 2 ** 30).toFixed(1)} GiB`;
        below(dim(`${device.kind}, ${device.precisions.join(' and ')}${gib}, ${device.driver}`));
      }
      for (const { rooms, reason } of faults ?? [])
        below(red(`not used for ${rooms.join(', ')}: it fails the self-test of ${reason}`));
      for (const engine of engines) printEngine(engine);
    }
    printWorks(rows);
    print();
    const legend =
      '● chosen   ○ available   – not available; select another one with ewald COMMAND --backend NAME or ' +
      'EWALD_BACKEND=NAME; --json has all details';
    print(dim(prose(legend)));
  });
}

/** Prints where usual works are done, and what they would take on each backend. */
function printWorks(rows: readonly DeviceReport[]): void {
  for (const [i, { work, run }] of (rows.find(({ works }) => works?.length)?.works ?? []).entries()) {
    print(`${i === 0 ? '\nwhere it pays, by estimates:\n' : ''}${bold(work.padEnd(12))} ${run}`);
    for (const { backend, works } of rows)
      if (works?.[i]) below(`${works[i].chosen ? green('●') : '○'} ${backend.padEnd(8)} ${dim(works[i].reason)}`);
  }
}

/** Prints what belongs to the backend above. */
const below = (text: string): void => print(`             ${prose(text, 13)}`);

/** Prints an external FFT engine below the backend that loads it; the libraries that were tried are in `--json`. */
function printEngine({ engine, available, proven, library, reason }: EngineReport): void {
  const where = available
    ? `${reason}, ${library}${proven ? '' : ', unproven: so far only tested with a stand-in'}`
    : dim(reason);
  below(`${available ? '○' : dim('–')} ${bold(`--engine ${engine}`)} ${where}`);
}
