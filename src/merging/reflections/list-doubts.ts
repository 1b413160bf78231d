/** What the data of a list say of the point group and the centring that it is said to have. */
import type { ReflectionList } from '../lists/hkl.js';
import { centringRemark } from '../setting/forbidden.js';
import { areUnlike, groupRemark, joinedPairs } from './equivalents.js';
import type { ListSubject } from './expected.js';

/** In sentences, and whether the data contradict it; `name` is that of one of several lists. */
export function doubtsOfList(
  list: ReflectionList,
  subject: ListSubject,
  name?: string,
): { readonly texts: readonly string[]; readonly isDoubtful: boolean } {
  const joined = joinedPairs(list, subject.group, subject);
  const centred = centringRemark(name ?? '', list, subject.centring);
  const texts = [groupRemark(name ?? 'The list', list, subject, joined), centred].filter((text) => text !== undefined);
  return { texts, isDoubtful: centred !== undefined || (joined !== undefined && areUnlike(joined)) };
}
