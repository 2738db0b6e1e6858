-- in: the word PASSWORD stands for the password; run by the server itself before it takes connections, one statement a line
-- out: the database holdfast; the user root, from this host with the password, with all rights; no other user
DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';
DELETE FROM mysql.proxies_priv;
FLUSH PRIVILEGES;
CREATE USER root@127.0.0.1 IDENTIFIED BY 'PASSWORD';
GRANT ALL PRIVILEGES ON *.* TO root@127.0.0.1 WITH GRANT OPTION;
CREATE DATABASE holdfast CHARACTER SET utf8mb4;
