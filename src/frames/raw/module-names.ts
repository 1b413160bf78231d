/** Names of the files of a run folder of the European XFEL: `RAW-R0348-AGIPD04-S00002.h5`. */
import { baseName } from '../../bytes/byte-source.js';

/** A file of one module. */
export interface ModuleFile<Input> {
  readonly input: Input;
  readonly name: string;
  /** `RAW` or `CORR`. */
  readonly kind: string;
  readonly run: string;
  readonly detector: string;
  readonly module: number;
}

// Other files of the folder (`DA01`, …) are of motors and cameras.
const pattern = /^(RAW|CORR)-R(\d+)-(AGIPD|LPD|DSSC|JNGFR)(\d{2})-S\d+\.h5$/;

/** The files of modules among others; none for any other folder. */
export function moduleFiles<Input>(inputs: readonly Input[], nameOf: (input: Input) => string): ModuleFile<Input>[] {
  return inputs.flatMap((input) => {
    const name = nameOf(input);
    const [, kind = '', run = '', detector = '', module = ''] = pattern.exec(baseName(name)) ?? [];
    return kind === '' ? [] : [{ input, name, kind, run, detector, module: Number(module) }];
  });
}
