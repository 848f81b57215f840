\set n random(1000000000000000000, 9000000000000000000)
insert into bench.submission values (gen_random_uuid(), '01a205be-87e7-7012-8d40-f977f25c4605', '01a205be-87e7-7013-842b-e685b35828ad', now(),
  'page', 'en-GB', '', 'pass', 0, '[]', 'privacy 1; imprint 1', 'received', now(),
  'lead-' || :n || '@firm434.example', 'lead-' || :n || '@firm434.example',
  ('{"email": "lead-' || :n || '@firm434.example", "company": "Archer & Sons 434", "country": "GB", "job_title": "Managing director", "given_name": "Ann", "family_name": "Archer"}')::jsonb,
  '[{"key": "marketing", "text": "Write to me about once a month about marketing that can be counted. I can stop this with one click in every mail.", "given": false, "version": "1"}]',
  '[]', '{"page": "/g/8-questions", "utm_medium": "email", "utm_source": "newsletter", "utm_campaign": "spring"}',
  '127.0.0.0/24', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0');
