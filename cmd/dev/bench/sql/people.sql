-- A UUIDv7 (RFC 9562 section 5.7) of a moment, so that rows lie where the product's own would.
create schema if not exists bench;
create or replace function bench.id(at timestamptz) returns uuid language sql volatile as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
$$;
