/** `ewald geometry check`: describes a detector geometry, checks its consistency, and draws it. */
import { type CheckedGeometry, checkGeometryFile, refuseOthers } from '../entries/command.node.js';
import { type Beam, photonEnergyOf } from '../entries/index.node.js';
import { type CheckFlags, checkRows } from './geometry-rows.js';
import { bold, counted, dim, endDone, green, print, printJson, red, yellow } from './output.js';
import { nameAsFlags } from './parameter-flags.js';

export async function run([file = '', framesFile]: readonly string[], { json, ...given }: CheckFlags): Promise<void> {
  const options = { ...given, framesFile };
  // A file of frames that describes its own geometry counts as a file of frames, too.
  const stages = framesFile === undefined && /\.geom$/i.test(file) ? [] : ['frames'];
  const because = (): string => 'no file of frames is given: ewald geometry check GEOM FRAMES';
  refuseOthers(checkRows, given, { stages, because }, nameAsFlags(checkRows));
  const checked = await checkGeometryFile(file, options);
  const { geometry, resolutionA, problems, ...facts } = checked;
  const [low, high] = resolutionA;
  if (json)
    printJson({
      ...facts,
      geometry: file,
      resolutionA: [Number.isFinite(low) ? low : null, high],
      warnings: geometry.warnings,
      problems,
    });
  else explain(file, checked);
  endDone(problems.length === 0);
}

function explain(file: string, { geometry, beam, assumed, problems, ...facts }: CheckedGeometry): void {
  const { panels, badRegions, bandwidth, warnings } = geometry;
  const [first] = panels;
  const energy = photonEnergyOf(beam.wavelengthA);
  const electron = geometry.radiation?.kind === 'electronVoltage';
  print(bold(file));
  print(
    `beam      ${beam.wavelengthA.toPrecision(6)} ` +
      `Å${electron ? ' (electrons)' : `, ${(energy / 1000).toFixed(4)} keV`}${bandwidth ? `, bandwidth ${bandwidth}` : ''}`,
  );
  print(`detector  ${(1000 * facts.distanceM).toFixed(3)} mm away${shifted(beam)}`);
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
    ...(badRegions.length > 0 ? [counted(badRegions.length, 'region')] : []),
    ...(masks.length > 0 ? [`mask ${masks.join(', ')}`] : []),
    ...(flags.length > 0 ? [`values ${flags.join(', ')}`] : []),
    ...(panels.some(({ ignored }) => ignored) ? ['ignored panels'] : []),
  ];
  print(`bad       ${bad.join('; ') || 'nothing is marked'}`);
  if (first?.data !== undefined) print(dim(`frames in ${first.data}`));
  for (const warning of warnings) print(`${yellow('warning')} ${warning}`);
  for (const text of assumed) print(`${yellow('assumed')} ${text}`);
  for (const problem of problems) print(`${red('✗')} ${problem}`);
  if (problems.length === 0) print(`${green('✓')} it is consistent`);
}

const shifted = ({ shiftM: [x, y] }: Beam): string =>
  x === 0 && y === 0 ? '' : `, shifted by ${(1000 * x).toFixed(3)}, ${(1000 * y).toFixed(3)} mm`;
