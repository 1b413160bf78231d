/** Checks the options of `Context.load`. Loaded with the first scan: the names of `open` are those of its room. */
import { row, valid } from '../../base/call-options.js';
import { knownOptions, refuseFormer } from '../../base/options.js';
import { refusal, setting } from '../../base/parameters.js';
import { openNames } from '../../io/data/parameters.js';
import type { FollowOptions, LoadOptions } from './scan.js';

const fileNames = ['fileMask', 'fileDark'] as const;
const followNames = ['timeoutS', 'stallS', 'ringBytes'] as const;
const loadNames = [...openNames, 'syncOffset', ...fileNames, 'follow', ...followNames];

/** Checks the options of `Context.load` whose names `open` does not know. Throws `Argument`. */
export function checkLoad(options: LoadOptions & FollowOptions): void {
  if (typeof options === 'object') refuseFormer('load', options, { noDataTimeout: 'stallS' });
  knownOptions('load', options, loadNames);
  for (const name of fileNames) valid(`load: ${name}`, options[name], row.flag);
  if (valid('load: follow', options.follow, row.flag)) return;
  for (const name of followNames)
    if (options[name] !== undefined)
      throw refusal(
        'load',
        (said) => `${said(name)} belongs to files that are still being written; set ${setting(said, 'follow', true)}`,
      );
}
