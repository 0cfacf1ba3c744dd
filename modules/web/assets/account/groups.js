// account/groups.js: the groups one is in or may join; #account/groups/NAME is one of them, …/archive its archive,
// and …/archive/HASH a mail there.
import { groupList } from '../groups.js';

export const show = ([name, page, mail]) => groupList({ all: false, name, page, mail });
