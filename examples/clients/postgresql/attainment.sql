-- The topic attainment as a table; columns are the fields of schemas/attainment.avsc.
create table attainment (
    payee_id          text          not null,
    measure           text          not null,
    calendar          text          not null,
    "interval"        text          not null,
    "from"            date          not null,
    "to"              date          not null,
    measured          numeric(38, 12) not null,
    quota             numeric(24, 6),
    quota_revision    bigint,
    ratio_numerator   text,
    ratio_denominator text,
    prorated          boolean       not null,
    revenue           numeric(38, 12) not null,
    overlay           numeric(38, 12) not null,
    rolled            numeric(38, 12) not null,
    territory         numeric(38, 12) not null,
    unit              text          not null,
    state             text          not null,
    sequence          bigint        not null,
    as_of             timestamptz   not null,
    primary key (payee_id, measure, calendar, "interval")
);
