-- A lease is told with a plus when it is taken, and with a minus when it has ended; to be renewed or waited for is no news.
create function dejavu_notify_lease() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        perform pg_notify('dejavu_leases', '-' || old.hash || rtrim('/' || old.overlay, '/'));
    else
        perform pg_notify('dejavu_leases', '+' || new.hash || rtrim('/' || new.overlay, '/'));
    end if;
    return null;
end $$;

create trigger image_lease_taken after insert or update of token on image_lease
    for each row execute function dejavu_notify_lease();
create trigger image_lease_ended after delete on image_lease
    for each row execute function dejavu_notify_lease();
