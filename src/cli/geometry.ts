/** `ewald geometry check`: describes a detector geometry, checks its consistency, and draws it. */
import type { Command } from 'commander';
import { isEwaldError, messageOf } from '../base/errors.js';
import { checkGeometry } from '../crystal/geometry/check.js';
import { type Beam, type Geometry, photonEnergyOf } from '../crystal/geometry/geometry.js';
import { parseGeometry } from '../crystal/geometry/parse.js';
import { beamOf, extentOf } from '../crystal/geometry/pixels.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import type { Dataset } from '../data/dataset.js';
import { open } from '../data/opening.node.js';
import { beamsOfFile } from '../detector/beams.js';
import { checkPanels } from '../detector/detector.js';
import { frameSize, geometryFromFile } from '../detector/from-file.js';
import { openStacked, stackedGeometry } from '../detector/stacked.js';
import { inputKind } from '../entries/pipeline.node.js';
import { readText } from '../files/read.js';
import { type Output, openOutput, type WriteOptions } from '../files/write.js';
import { geometryPicture } from '../report/geometry-picture.js';
import { noChecksums } from './data-options.js';
import { bold, type CliDeps, dim, exitCode, green, print, printJson, red, yellow } from './output.js';

interface Options {
  frames?: string;
  checksums?: boolean;
  svg?: string;
  output?: string;
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, _: CliDeps): void {
  program
    .command('geometry')
    .description('detector geometries: CrystFEL .geom files, and the descriptions in files of frames')
    .command('check')
    .description('describe a geometry, check its consistency (also with frames), draw it')
    .argument('<geometry>', 'a .geom file, or a file of frames that describes its own')
    .option('--frames <file>', 'frames that it should match')
    .option('--no-checksums', `frames: ${noChecksums}`)
    .option('--svg <file>', 'draw it: panels, their first pixels and directions, resolution rings')
    .option('-o, --output <geom>', 'write it as a .geom file')
    .option('--force', 'replace existing files; never an input')
    .option('--json', 'one JSON document')
    .action(check);
}

async function check(file: string, options: Options): Promise<void> {
  const inputs = [file, ...(options.frames === undefined ? [] : [options.frames])];
  const writing: WriteOptions = { force: options.force ?? false, inputs };
  const outputs: Output[] = [];
  const begun = async (name: string | undefined): Promise<Output | undefined> => {
    const output = name === undefined ? undefined : await openOutput(name, writing);
    if (output) outputs.push(output);
    return output;
  };
  try {
    await explained(file, options, await begun(options.svg), await begun(options.output));
  } finally {
    for (const output of outputs) await output.discard();
  }
}

async function explained(
  file: string,
  options: Options,
  svg: Output | undefined,
  output: Output | undefined,
): Promise<void> {
  const own = (await inputKind(file)) === 'frames';
  const parsed = own ? undefined : parseGeometry(await readText(file), file);
  const frames = own ? file : options.frames;
  const dataset =
    frames === undefined
      ? undefined
      : await openStacked((sigShape) => open(frames, { sigShape, checksums: options.checksums }), parsed);
  try {
    const geometry = parsed ?? geometryFromFile(dataset as Dataset);
    const found: string[] = [];
    const beam = await beamFor(geometry, dataset, found);
    if (dataset && !own) found.push(...(await misfits(geometry, dataset)));
    const facts = checkGeometry(geometry, beam);
    const problems = [...found, ...facts.problems];
    if (options.json) {
      const [low, high] = facts.resolutionA;
      const resolutionA = [Number.isFinite(low) ? low : null, high];
      printJson({ geometry: file, beam, ...facts, resolutionA, warnings: geometry.warnings, problems });
    } else explain(file, geometry, beam, facts, problems);
    await svg?.write(geometryPicture(geometry, beam));
    await output?.write(formatGeometry(geometry));
    await svg?.close();
    await output?.close();
    if (problems.length > 0) process.exitCode = exitCode.data;
  } finally {
    await dataset?.dispose();
  }
}

/** The beam. If the geometry refers to files that are not given, typical numbers are used instead and reported. */
async function beamFor(geometry: Geometry, dataset: Dataset | undefined, found: string[]): Promise<Beam> {
  if (dataset) {
    const openOther = (file: string, path: string): Promise<Dataset> => open(file, { dataset: path });
    return (await beamsOfFile(geometry, dataset.name, openOther))(0);
  }
  const pointed = [geometry.radiation?.given, geometry.distance, ...geometry.shift].flatMap((given) =>
    given && 'path' in given ? [given.path] : [],
  );
  if (pointed.length === 0) return beamOf(geometry);
  found.push(
    `${pointed.join(', ')} are in the frames' file, which --frames can name; 10 keV and 0.1 m are used instead`,
  );
  const usual: Record<string, number> = { wavelength: 1.24, photonEnergy: 10_000, electronVoltage: 200_000 };
  const radiation =
    geometry.radiation && 'path' in geometry.radiation.given
      ? { ...geometry.radiation, given: { value: usual[geometry.radiation.kind] ?? 1 } }
      : geometry.radiation;
  const distance = geometry.distance && 'path' in geometry.distance ? { value: 0.1 } : geometry.distance;
  const [x, y] = geometry.shift.map((one) => ('path' in one ? { value: 0 } : one));
  return beamOf({ ...geometry, radiation, distance, shift: [x ?? { value: 0 }, y ?? { value: 0 }] });
}

async function misfits(given: Geometry, dataset: Dataset): Promise<string[]> {
  const found: string[] = [];
  const { width, height } = frameSize(dataset);
  let geometry = given;
  try {
    geometry = stackedGeometry(given, dataset);
    checkPanels(geometry, width, height);
  } catch (error) {
    if (!isEwaldError(error, 'Shape')) throw error;
    found.push(messageOf(error));
  }
  const { fs, ss } = extentOf(geometry);
  if (fs < width || ss < height)
    found.push(`the panels end at ${fs} x ${ss} pixels; frames of ${dataset.name} have ${width} x ${height}`);
  return found;
}

function explain(
  file: string,
  geometry: Geometry,
  beam: Beam,
  facts: ReturnType<typeof checkGeometry>,
  problems: readonly string[],
): void {
  const { panels, badRegions, bandwidth, warnings } = geometry;
  const [first] = panels;
  const energy = photonEnergyOf(beam.wavelengthA);
  const electron = geometry.radiation?.kind === 'electronVoltage';
  print(bold(file));
  print(
    `beam      ${beam.wavelengthA.toPrecision(6)} ` +
      `Å${electron ? ' (electrons)' : `, ${(energy / 1000).toFixed(4)} keV`}${bandwidth ? `, bandwidth ${bandwidth}` : ''}`,
  );
  print(`detector  ${(1000 * beam.distanceM).toFixed(3)} mm away${shifted(beam)}`);
  const [w, h] = facts.extentM.map((x) => (1000 * x).toFixed(1));
  const pixel = first ? `${((1e6 * 1) / first.resolution).toFixed(2)} µm` : '';
  print(`panels    ${facts.panels}, ${(facts.pixels / 1e6).toFixed(2)} Mpixel of ${pixel}, ${w} x ${h} mm in all`);
  const { beamAt } = facts;
  print(
    `beam hits ${
      beamAt ? `${beamAt.panel} at fs ${beamAt.fs.toFixed(2)}, ` + `ss ${beamAt.ss.toFixed(2)}` : 'between the panels'
    }`,
  );
  const [low, high] = facts.resolutionA;
  print(`sees      ${Number.isFinite(low) ? `${low.toFixed(1)} Å` : 'the beam'} to ${high.toFixed(2)} Å`);
  const masks = [...new Set(panels.flatMap((panel) => panel.masks.map(({ path }) => path)))];
  const flags = [...new Set(panels.flatMap((panel) => panel.badValues.map(({ when, value }) => `${when} ${value}`)))];
  const bad = [
    ...(badRegions.length > 0 ? [`${badRegions.length} regions`] : []),
    ...(masks.length > 0 ? [`mask ${masks.join(', ')}`] : []),
    ...(flags.length > 0 ? [`values ${flags.join(', ')}`] : []),
    ...(panels.some(({ ignored }) => ignored) ? ['ignored panels'] : []),
  ];
  print(`bad       ${bad.join('; ') || 'nothing is marked'}`);
  print(dim(`frames in ${[...new Set(panels.map(({ data }) => data))].join(', ')}`));
  for (const warning of warnings) print(`${yellow('warning')} ${warning}`);
  for (const problem of problems) print(`${red('✗')} ${problem}`);
  if (problems.length === 0) print(`${green('✓')} it is consistent`);
}

const shifted = ({ shiftM: [x, y] }: Beam): string =>
  x === 0 && y === 0 ? '' : `, shifted by ${(1000 * x).toFixed(3)}, ${(1000 * y).toFixed(3)} mm`;
