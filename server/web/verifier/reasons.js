// Why a decision permits or not. spec: decisions.md

/** Why not, from the highest rank of what grants give. */
export const RANKS = ['together', 'assurance', 'condition', 'disputed', 'suspended', 'protected', 'not_accepted', 'not_yet_valid', 'expired', 'signature_void', 'lapsed', 'under_ended', 'ended', 'out_of_scope'];
const PERMITS = ['self', 'legal_basis', 'consent', 'mandate', 'emergency'];
export const REASONS = { permit: PERMITS, deny: ['unknown_category', 'unknown_purpose', 'party_not_active', ...RANKS, 'no_authority'] };
