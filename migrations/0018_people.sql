-- Personal data: who looked at it (rule P1), and what remains of it when the work is forgotten (rule P2).
--
--   act_looked            an index: has this person just looked at the same thing?
--   digest                what one side of a difference said, without saying it
--   discrepancy_settled   an index: what was settled, and still says what each side said
--
-- Looking is an act like any other (`looked`), so that it stands in the one audit that there is. What was looked at is named by
-- its ids in `before`, never by what was seen.

-- ---------------------------------------------------------------------------------------------------------------------
-- A page that is drawn anew every two seconds is one look: before one is written, the last minutes of this person are asked
-- for the same. Partial, so that no other act pays for it.
create index act_looked on enlace.act (person, at) where act = 'looked';

-- ---------------------------------------------------------------------------------------------------------------------
-- A settled difference stays in the list for ever, as a count of what people had to settle. What each side said may name a
-- customer, and is replaced by this after the days for which work is kept. A digest rather than nothing: a difference that a
-- person chose to ignore stays ignored while both sides say the same (rule S6), and each sync compares. `jsonb` is written in one
-- form whatever the order of its keys, so equal values have equal digests. Old workers compare with the values themselves: they
-- would open such a difference again, which a person then sees once more, and nothing else.
create function mapping.digest(said jsonb) returns jsonb language sql immutable strict parallel safe as
  $$ select jsonb_build_object('digest', encode(sha256(convert_to(said::text, 'UTF8')), 'hex')) $$;
comment on function mapping.digest is 'What remains of what one side of a difference said (P2)';

-- What is still to be forgotten: few, since what was is not in it.
create index discrepancy_settled on mapping.discrepancy (settled_at) where settled_at is not null and not theirs ? 'digest';

-- As everything in these schemas: nobody but the owner, and whoever it is granted to.
revoke all on function mapping.digest(jsonb) from public;
