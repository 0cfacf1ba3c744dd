// account/groups.js: the groups one is in or may join; #account/groups/NAME is one of them.
import { groupList } from '../groups.js';

export const show = ([name]) => groupList({ all: false, name });
