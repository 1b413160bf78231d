/** The flags of radial profiles as the option of a run. */
import { profileBins, profileRows, readProfileRange } from '../../entries/command.node.js';
import { EwaldError, type PipelineOptions } from '../../entries/index.node.js';
import type { IndexFlags } from './frame-rows.js';
import { pickFlags } from './parameter-flags.js';

/** The option `profile`; undefined without `--radial-profile`. Throws `Argument`. */
export function profileOfFlags(flags: IndexFlags): PipelineOptions['profile'] {
  const { radialProfile: bins, profileRange, profilePolarisation, profileFrames } = pickFlags(profileRows, flags);
  if (bins === undefined) {
    const given = { '--profile-range': profileRange, '--profile-polarisation': profilePolarisation };
    const alone = Object.entries({ ...given, '--profile-frames': profileFrames }).find(
      ([, value]) => value !== undefined,
    );
    if (alone) throw new EwaldError('Argument', `${alone[0]} is of a radial profile: add --radial-profile`);
    return undefined;
  }
  if (bins > 0 && bins < profileBins.low)
    throw new EwaldError(
      'Argument',
      `--radial-profile is ${bins}; expected ${profileBins.low} to ${profileBins.high} bins, or no number for the usual ones`,
    );
  return {
    ...(bins > 0 && { bins }),
    ...(profileRange !== undefined && { range: readProfileRange(profileRange) }),
    ...(profilePolarisation !== undefined && { polarisation: profilePolarisation }),
    ...(profileFrames !== undefined && { frames: profileFrames }),
  };
}
