// account/groups.js: the groups one is in or may join.
import { groupList } from '../groups.js';

export const show = () => groupList({ all: false });
