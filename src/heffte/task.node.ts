/** The task of task.ts on Node, where the native addon copies large blocks and requests huge pages. */
import { nativeBlocks, preferHugePages } from '../compute/backends/native/blocks.js';
import { benchTask } from './task.js';

export const bench = benchTask({ copyNumbers: nativeBlocks, preferHugePages });
