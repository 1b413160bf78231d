/** Detectors with several energy thresholds: the channel that is read, of those that there are. */
import { argumentError } from '../options/parameters.js';

/** What is read of several channels, in words. */
export const channelText = (channels: readonly string[], chosen: string | undefined): string =>
  `the detector gives the channels ${channels.join(', ')}: ${chosen} is read`;

/** The channel that was asked for, by its name or by its number; the first one by default. Throws `Argument`. */
export function chosenChannel(
  channels: readonly string[],
  wanted: string | undefined,
  name: string,
): string | undefined {
  if (wanted === undefined) return channels[0];
  const channel = channels.find((one) => one === wanted) ?? channels.find((one) => one === `threshold_${wanted}`);
  if (channel !== undefined) return channel;
  throw argumentError(
    '',
    (said) =>
      `${name}: ${said('thresholdChannel')} is ${wanted}; ` +
      (channels.length > 0 ? `expected one of ${channels.join(', ')}` : 'its frames have no threshold channels'),
  );
}
