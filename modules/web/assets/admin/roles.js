// admin/roles.js: what an account may be.
export const ROLES = [['member', 'Member'], ['moderator', 'Moderator'], ['administrator', 'Administrator']];
