-- Viability: is there a free port within R metres of a place (rules V1–V5)?
--
--   metres_between       the distance of two places on the sphere                     (search, and whoever wants to check it)
--   box_spot             the boxes that may be offered, by where they are
--   viability_payload    what a person may ask, or SQLSTATE 22023
--   registration_payload what goes on in the background after an answer that could not wait (rule V5)
--   admitted             the two kinds beside those that there were
--
-- Old workers leave all of it alone: they know neither kind, and the function and the index are new.

-- ---------------------------------------------------------------------------------------------------------------------
-- Great-circle distance in metres by the haversine formula, which is exact on the sphere and loses nothing where the places are
-- close together, unlike the law of cosines. The radius is the Earth's mean one (IUGG), 6,371,008.8 m. `least`: rounding must
-- not take the sine of two antipodes beyond 1. One expression and not `strict`, which `least` is not either, so that Postgres
-- puts it in the query's place instead of calling it for each box: of half a place it tells no distance that means anything.
create function mapping.metres_between(
  latitude_a double precision, longitude_a double precision, latitude_b double precision, longitude_b double precision
) returns double precision language sql immutable parallel safe as $$
  select 2 * 6371008.8 * asin(least(1, sqrt(
    sin(radians($3 - $1) / 2) ^ 2 + cos(radians($1)) * cos(radians($3)) * sin(radians($4 - $2) / 2) ^ 2)))
$$;
comment on function mapping.metres_between is 'Great-circle distance in metres on a sphere of 6,371,008.8 m (rule V3)';

-- The search (rule V3) asks for the boxes in a rectangle of degrees, or in two where it crosses the antimeridian, and computes
-- distances for those alone. `box_place` can only cut a band of latitudes, which for an ISP along a coast is most of it; a
-- GiST of points cuts the rectangle, and needs no extension. Partial: what is missing, not built or nowhere is never offered.
-- Made in the migration's transaction, since for 100,000 boxes it takes less than a second.
create index box_spot on mapping.box using gist (point(longitude, latitude))
  where missing_since is null and permite_viabilidade and latitude is not null;

-- ---------------------------------------------------------------------------------------------------------------------
-- Payload checks, as in 0003: each mistake names its key. What is said of a place is the same for both kinds: latitude and
-- longitude, or an address, and a radius. A radius may have decimals: programs write 300 as 300.0.
create function enlace.spot_fault(payload jsonb, known text[], out key text, out fault text)
language plpgsql immutable as $$
declare
  bounds record;
begin
  if jsonb_typeof(payload) is distinct from 'object' then
    key := 'payload'; fault := 'deve ser um objeto JSON / must be a JSON object'; return;
  end if;
  if payload ? 'endereco' then
    if jsonb_typeof(payload -> 'endereco') <> 'string' or length(trim(payload ->> 'endereco')) not between 1 and 300 then
      key := 'endereco'; fault := 'deve ser um texto de 1 a 300 caracteres / must be 1 to 300 characters of text'; return;
    end if;
    if payload ?| '{latitude,longitude}' then
      key := 'endereco';
      fault := 'informe latitude e longitude, ou endereco, não os dois / give latitude and longitude, or endereco, not both';
      return;
    end if;
  end if;
  -- Compared as numeric: a number of jsonb may be larger than any other type takes.
  for bounds in
    select * from (values ('latitude', -90, 90, 'graus', 'degrees'), ('longitude', -180, 180, 'graus', 'degrees'),
      ('raio', 1, 50000, 'metros', 'metres')) as b (name, least, most, unit_pt, unit_en)
  loop
    continue when payload ? 'endereco' and bounds.name <> 'raio';
    key := bounds.name;
    if not payload ? key then
      fault := case key
        when 'raio' then 'falta: informe o raio em metros / is missing: give the radius in metres'
        else 'falta: informe latitude e longitude, ou endereco / is missing: give latitude and longitude, or endereco' end;
      return;
    end if;
    if jsonb_typeof(payload -> key) <> 'number' or not (payload ->> key)::numeric between bounds.least and bounds.most then
      fault := format('deve ser um número de %s a %s, em %s / must be a number from %s to %s, in %s',
        bounds.least, bounds.most, bounds.unit_pt, bounds.least, bounds.most, bounds.unit_en);
      return;
    end if;
  end loop;
  select k into key from jsonb_object_keys(payload) k where k <> all (known) order by k limit 1;
  if key is not null then
    fault := format('não é conhecido aqui; conhecidos são %s / is not known here; known are %s',
      array_to_string(known, ', '), array_to_string(known, ', '));
  end if;
end $$;

-- A key that names a row by its number: what is wrong with the number, if anything is.
create function enlace.number_fault(payload jsonb, key text) returns text language sql immutable as $$
  select case when (payload -> key)::text !~ '^[1-9][0-9]{0,17}$'
    then 'deve ser um número inteiro positivo / must be a positive whole number' end
$$;

-- An address can only be looked for where a platform geocodes: Geosite (rule V1). Said here, while somebody can still give
-- the place instead, and not by a workflow that ends without an answer.
create function enlace.viability_payload(payload jsonb) returns jsonb language plpgsql stable as $$
declare
  wrong record;
begin
  wrong := enlace.spot_fault(payload, '{latitude,longitude,endereco,raio,id_projeto,detalhar_portas}');
  if wrong.fault is null and payload ? 'id_projeto' then
    wrong.key := 'id_projeto';
    wrong.fault := enlace.number_fault(payload, 'id_projeto');
    if wrong.fault is null and not exists (select from mapping.project p where p.id_projeto = (payload ->> 'id_projeto')::bigint) then
      wrong.fault := format('não há projeto %s / there is no project %s', payload ->> 'id_projeto', payload ->> 'id_projeto');
    end if;
  end if;
  if wrong.fault is null and payload ? 'detalhar_portas' and jsonb_typeof(payload -> 'detalhar_portas') <> 'boolean' then
    wrong.key := 'detalhar_portas';
    wrong.fault := 'deve ser true ou false / must be true or false';
  end if;
  if wrong.fault is null and payload ? 'endereco' and not exists (
    select from mapping.integration i
    where i.platform = 'geosite' and i.active and i.id_projeto is not null
      and (not payload ? 'id_projeto' or i.id_projeto = (payload ->> 'id_projeto')::bigint)
  ) then
    wrong.key := 'endereco';
    wrong.fault := 'só o Geosite procura por endereço, e nenhuma integração ativa com ele atende: informe latitude e longitude'
      ' / only Geosite searches by address, and no active integration with it serves this: give latitude and longitude';
  end if;
  if wrong.fault is not null then
    raise exception using errcode = '22023', column = wrong.key, message = format('%s: %s', wrong.key, wrong.fault);
  end if;
  return payload;
end $$;

-- Started by a viability whose answer could not wait; anybody may, since it only brings what the next sync would bring.
create function enlace.registration_payload(payload jsonb) returns jsonb language plpgsql stable as $$
declare
  wrong record;
begin
  wrong := enlace.spot_fault(payload, '{id_integracao,latitude,longitude,endereco,raio}');
  if wrong.fault is null then
    wrong.key := 'id_integracao';
    wrong.fault := case when payload ? 'id_integracao' then enlace.number_fault(payload, 'id_integracao')
      else 'falta / is missing' end;
  end if;
  if wrong.fault is not null then
    raise exception using errcode = '22023', column = wrong.key, message = format('%s: %s', wrong.key, wrong.fault);
  end if;
  return payload;
end $$;

-- As before, and the two new kinds. Volatile as it is since the payloads of a migration and of a retirement are filled in from
-- what HubSoft says at that moment.
create or replace function enlace.admitted(kind text, payload jsonb) returns jsonb language plpgsql volatile as $$
declare
  fault record;
begin
  case kind
    when 'bind' then
      fault := enlace.payload_fault(payload, '{id_porta_atendimento,id_cliente_servico}', '{forcar_troca_porta,forcar_remocao_reserva}');
    when 'unbind' then
      fault := enlace.payload_fault(payload, '{id_porta_atendimento,id_cliente_servico}', '{}');
    when 'migrate' then
      return enlace.migrate_payload(payload);
    when 'retirement' then
      return enlace.retirement_payload(payload);
    when 'sync' then
      return enlace.sync_payload(payload);
    when 'viability' then
      return enlace.viability_payload(payload);
    when 'registration' then
      return enlace.registration_payload(payload);
    else
      raise exception using errcode = '22023', column = 'kind',
        message = format('kind: "%s" is not known; known are bind, migrate, registration, retirement, sync, unbind, viability', coalesce(kind, 'null'));
  end case;
  if fault.fault is not null then
    raise exception using errcode = '22023', column = fault.key, message = format('%s: %s', fault.key, fault.fault);
  end if;
  return payload;
end $$;

-- As in 0003: functions are everybody's by default in Postgres, and not these. `metres_between` tells nothing of anybody.
revoke all on function enlace.spot_fault(jsonb, text[]), enlace.number_fault(jsonb, text), enlace.viability_payload(jsonb),
  enlace.registration_payload(jsonb) from public;
