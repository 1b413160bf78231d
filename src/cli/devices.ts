/** `ewald devices`: lists all backends, whether they are available, and why not. */
import type { DeviceReport, EngineReport } from '../entries/index.node.js';
import type { DevicesFlags } from './devices-rows.js';
import { backendOption, bold, type CliDeps, dim, green, print, printJson, red, wrapText } from './output.js';

export async function run(_: readonly string[], options: DevicesFlags, { devices }: CliDeps): Promise<void> {
  const reports = await devices({ ...backendOption(options.backend), selfTest: true });
  if (options.json) {
    printJson(reports.map(({ device: _, ...row }) => row));
    return;
  }
  for (const { backend, available, chosen, name, reason, memory, device, engines, faults } of reports) {
    const mark = chosen ? green('●') : available ? '○' : dim('–');
    print(
      `${mark} ${bold(backend.padEnd(8))} ${available ? (name ?? '') : dim('not available')}` +
        (chosen ? green('   chosen') : ''),
    );
    printIndented(dim(reason));
    if (device) {
      const gib = memory === null ? '' : `, ${(memory / 2 ** 30).toFixed(1)} GiB`;
      printIndented(dim(`${device.kind}, ${device.precisions.join(' and ')}${gib}, ${device.driver}`));
    }
    for (const { rooms: features, reason: fault } of faults ?? [])
      printIndented(red(`not used for ${features.join(', ')}: failed the self-test: ${fault}`));
    for (const engine of engines) printEngine(engine);
  }
  printWorkloads(reports);
  print();
  const legend =
    '● chosen   ○ available   – not available; select another one with ewald COMMAND --backend NAME or ' +
    'EWALD_BACKEND=NAME; --json has all details';
  print(dim(wrapText(legend)));
}

/** Prints where typical workloads run, and their estimated time on each backend. */
function printWorkloads(reports: readonly DeviceReport[]): void {
  const workloads = reports.find(({ works }) => works?.length)?.works ?? [];
  for (const [i, { work, run }] of workloads.entries()) {
    print(`${i === 0 ? '\nestimated best backend per workload:\n' : ''}${bold(work.padEnd(12))} ${run}`);
    for (const { backend, works } of reports)
      if (works?.[i])
        printIndented(`${works[i].chosen ? green('●') : '○'} ${backend.padEnd(8)} ${dim(works[i].reason)}`);
  }
}

/** Prints text indented below the name of its backend. */
const printIndented = (text: string): void => print(`             ${wrapText(text, 13)}`);

/** Prints an external FFT engine below the backend that loads it; the libraries that were tried are in `--json`. */
function printEngine({ engine, available, proven, library, reason }: EngineReport): void {
  const details = available
    ? `${reason}, ${library}${proven ? '' : ', unverified: only tested against a mock'}`
    : dim(reason);
  printIndented(`${available ? '○' : dim('–')} ${bold(`--engine ${engine}`)} ${details}`);
}
